"""A changed name changes everywhere at once: the file owns it, whoever writes it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, Notification, User
from accompaniment.reads.invariants import account_follows_its_file
from accompaniment.services import outbox
from accompaniment.services.registration import save_draft
from caseload.enums import PlacementEnd
from caseload.models import Adviser, Portfolio
from caseload.rules.adviser_rows import ADVISERS
from caseload.services.moves.follower_letters import tell_who_followed
from caseload.services.steering.adviser_files import load_advisers
from messaging.jobs import deliver_notifications
from messaging.models import Conversation
from messaging.services.delivery import letter_for
from messaging.services.posting import message_item, post_message
from tests.accompaniment.factories import reference
from tests.accompaniment.files import as_file, load, registration
from tests.caseload.factories import PortfolioFactory, on_web_track, volunteer
from tests.visio.factories import InterviewFactory
from visio.services.notices import send_convocation

pytestmark = pytest.mark.django_db


def by_import(person: Jobseeker) -> None:
    load(registration(person.agency, identifiant=person.identifier, nom="Durand", prenom="Zoé", email=person.email))


def by_hand(person: Jobseeker) -> None:
    Jobseeker.objects.filter(pk=person.pk).update(last_name="Durand", first_name="Zoé")


@pytest.mark.parametrize("write", [by_import, by_hand])
def test_a_new_name_of_the_file_is_the_account_s_the_page_s_the_letter_s_and_the_message_s(
    client: Client, write: Callable[[Jobseeker], None]
) -> None:
    portfolio: Portfolio = PortfolioFactory()
    person = on_web_track(portfolio, first_name="Alix", last_name="Ancienne")
    conversation = Conversation.objects.get_or_create(jobseeker=person)[0]
    known_before: User = person.user
    mail.outbox.clear()
    deliver_notifications()
    mail.outbox.clear()
    outbox.notify_jobseeker(
        key="waits", kind=NotificationKind.NO_ACCOUNT_YET, jobseeker=person, context={"first_name": "Alix", "path": "/"}
    )
    write(person)
    assert not list(account_follows_its_file())
    assert User.objects.get(pk=person.user_id).full_name == "Zoé Durand"
    deliver_notifications()
    assert mail.outbox[0].body.startswith("Bonjour Zoé,")
    message = post_message(actor=known_before, conversation=conversation, client_id=uuid4(), body="Bonjour")
    assert message_item(type(message).objects.get(pk=message.pk))["name"] == "Zoé Durand"
    for reader, addresses in (
        (person.user, [reverse("space"), reverse("own_data"), reverse("conversation", args=[conversation.pk])]),
        (
            portfolio.adviser.user,
            [reverse("my_portfolio"), reverse("person", args=[person.pk]), reverse("my_portfolio_export")],
        ),
    ):
        client.force_login(User.objects.get(pk=reader.pk))
        for address in addresses:
            answer = client.get(address)
            page = (answer.getvalue() if answer.streaming else answer.content).decode()
            assert "Durand" in page, address
            assert "Ancienne" not in page, address


def test_the_name_of_an_account_alone_is_a_breach() -> None:
    """The control: the check finds an account whose name differs, which the database normally prevents."""
    person = on_web_track(PortfolioFactory())
    assert not list(account_follows_its_file())
    User.objects.filter(pk=person.user_id).update(last_name="Autre")
    assert list(account_follows_its_file())


def test_a_waiting_letter_and_a_line_of_a_digest_say_the_names_that_advisers_and_people_have_when_it_leaves() -> None:
    portfolio: Portfolio = PortfolioFactory()
    person = on_web_track(portfolio, first_name="Alix", last_name="Ancienne")
    colleague = PortfolioFactory(agency=portfolio.agency).adviser
    interview = InterviewFactory(jobseeker=person)
    mail.outbox.clear()
    deliver_notifications()
    mail.outbox.clear()
    send_convocation(interview)
    with transaction.atomic():
        tell_who_followed(
            actor=None, former=portfolio, jobseeker=person, follower=colleague, reason=PlacementEnd.TIER_CHANGED
        )
    gone = person.user
    for adviser, name in ((portfolio.adviser, "Odile"), (colleague, "Yann")):
        renamed_by_the_file(adviser, name)
    by_hand(person)
    letters = {row.kind: letter_for(row).body for row in Notification.objects.filter(sent_at=None)}
    assert "avec Odile Renommée" in letters[NotificationKind.INTERVIEW_BOOKED]
    assert (
        f"- Zoé Durand ({person.identifier})\u00a0: désormais dans le portefeuille de Yann Renommée"
        in (letters[NotificationKind.PEOPLE_LEFT])
    )
    assert gone.full_name not in letters[NotificationKind.PEOPLE_LEFT]


def renamed_by_the_file(adviser: Adviser, first_name: str) -> None:
    row = f"{adviser.user.email};Renommée;{first_name};{adviser.agency.code};guide_web;100"
    load_advisers(actor=None, source=as_file(row, header=ADVISERS.columns))
    adviser.user.refresh_from_db()
    assert adviser.user.full_name == f"{first_name} Renommée"


def test_a_letter_from_before_names_were_kept_with_their_keys_leaves_as_it_was_written() -> None:
    person = on_web_track(PortfolioFactory())
    written = {"first_name": "Alix", "adviser": "Claude Martin", "lines": [{"person": "Zoé"}]}
    assert outbox.with_names_of_today(outbox.with_names(written)) == written
    kept = outbox.with_names({"adviser": person.user, "lines": [outbox.with_names({"person": person})]})
    by_hand(person)
    today = outbox.with_names_of_today(kept)
    assert (today["adviser"], today["lines"][0]["person"]) == ("Zoé Durand", "Zoé Durand")


def test_a_draft_of_an_interview_says_who_typed_by_the_name_of_today() -> None:
    reference()
    portfolio: Portfolio = PortfolioFactory()
    beside = PortfolioFactory(agency=portfolio.agency)
    enrolment = volunteer(portfolio)
    save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed={"situation": "un"}, base={"situation": ""})
    renamed_by_the_file(portfolio.adviser, "Odile")
    saved = save_draft(
        actor=beside.adviser.user, enrolment=enrolment, typed={"situation": "deux"}, base={"situation": ""}
    )
    [change] = saved.news
    assert change.by == "Odile Renommée"
