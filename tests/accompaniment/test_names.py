"""A changed name is one name everywhere at once: the file owns it, whoever writes it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.invariants import account_follows_its_file
from accompaniment.models import Jobseeker, User
from accompaniment.services import outbox
from caseload.models import Portfolio
from messaging.jobs import deliver_notifications
from messaging.models import Conversation
from messaging.services.posting import message_item, post_message
from tests.accompaniment.files import registration
from tests.accompaniment.test_imports_jobseekers import load
from tests.caseload.factories import PortfolioFactory, on_web_track

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
    """The control: the check finds what the database would otherwise have carried along."""
    person = on_web_track(PortfolioFactory())
    assert not list(account_follows_its_file())
    User.objects.filter(pk=person.user_id).update(last_name="Autre")
    assert list(account_follows_its_file())
