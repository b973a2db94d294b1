"""A contact outside the service's own channels, which an adviser notes: it counts like the others."""

import html
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, ContactNature, Initiator
from accompaniment.models import ActBound, AuditEntry, Contact, Jobseeker, Obligation
from accompaniment.rules.errors import DomainError
from accompaniment.services.bounds import TooManyError
from accompaniment.services.plans import change_plan, hold_obligation
from caseload.models import CaseSummary, Portfolio
from caseload.services.file.contacts import LONGEST_TEXT, ContactFacts, note_contact
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import due_obligation

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    with time_machine.travel(timezone.now() - timedelta(days=20)):
        return on_web_track(portfolio)


def address(person: Jobseeker) -> str:
    return reverse("person_contact", args=[person.pk])


def all_noted() -> QuerySet[Contact]:
    return Contact.objects.exclude(began_by="")


def facts(**changed: Any) -> ContactFacts:
    """Return a telephone call of an hour ago; `changed` replaces some facts."""
    return ContactFacts(
        **{
            "at": timezone.now() - timedelta(hours=1),
            "nature": ContactNature.CALL,
            "began_by": Initiator.PERSON,
            "minutes": 12,
            "text": "Vous cherchez un stage.",
            **changed,
        }
    )


def noted(portfolio: Portfolio, person: Jobseeker, **changed: Any) -> Contact:
    return note_contact(actor=portfolio.adviser.user, jobseeker=person, facts=facts(**changed))


def typed(**changed: str) -> dict[str, str]:
    here = timezone.localtime() - timedelta(hours=1)
    return {
        "nature": "call",
        "began_by": "person",
        "day": here.date().isoformat(),
        "hour": f"{here:%H:%M}",
        "minutes": "12",
        "text": "Vous cherchez un stage.",
        **changed,
    }


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode()).replace("\u00a0", " ")


def test_it_stands_in_the_timeline_and_in_the_person_s_own_journal(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    client.force_login(portfolio.adviser.user)
    assert f'href="{address(person)}"' in text_of(client.get(reverse("person", args=[person.pk])))
    assert client.get(address(person)).status_code == 200
    assert client.post(address(person), typed()).status_code == 302
    page = text_of(client.get(reverse("person", args=[person.pk])))
    for words in ("Appel téléphonique", "À l'initiative de la personne, 12 minutes.", "Vous cherchez un stage."):
        assert words in page
    row = AuditEntry.objects.get(jobseeker=person, action="contact_noted")
    assert (row.actor, row.details) == (portfolio.adviser.user, {"event": "noted", "contact": all_noted().get().pk})
    client.force_login(person.user)
    own = text_of(client.get(reverse("own_data"))) + text_of(client.get(reverse("my_accompaniment")))
    assert "Vous cherchez un stage." in own
    assert "Échange noté par un conseiller" in own


@pytest.mark.parametrize(
    ("nature", "channel"),
    [("call", Channel.PHONE), ("visit", Channel.ON_SITE), ("letter", Channel.MAIL)],
)
def test_it_is_the_last_contact_unless_there_is_a_later_one(
    portfolio: Portfolio, person: Jobseeker, nature: str, channel: str
) -> None:
    last = noted(portfolio, person, nature=ContactNature(nature))
    summary = CaseSummary.objects.get(jobseeker=person)
    assert (summary.last_contact_at, summary.last_contact_channel) == (last.at, channel)
    noted(portfolio, person, nature=ContactNature.CALL, at=last.at - timedelta(days=3))
    summary.refresh_from_db()
    assert (summary.last_contact_at, summary.last_contact_channel) == (last.at, channel)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"at": timedelta(minutes=-1)}, "une fois qu'il a eu lieu"),
        ({"at": timedelta(days=4000)}, "La personne est inscrite depuis le"),
        ({"minutes": 0}, "La durée va de 1 à 600 minutes"),
        ({"minutes": 601}, "La durée va de 1 à 600 minutes"),
        ({"text": " \n"}, "Notez en une phrase"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "trop long"),
        ({"nature": ContactNature.INTERVIEW}, "de lui-même"),
    ],
)
def test_what_cannot_be_is_refused(
    portfolio: Portfolio, person: Jobseeker, changed: dict[str, Any], words: str
) -> None:
    ago = changed.get("at")
    with pytest.raises(DomainError, match=words):
        noted(portfolio, person, **{**changed, **({"at": timezone.now() - ago} if ago else {})})
    assert not all_noted().exists()
    assert noted(portfolio, person, minutes=None, text="x" * LONGEST_TEXT).minutes is None


def test_the_day_of_the_registration_is_the_first_that_counts(portfolio: Portfolio, person: Jobseeker) -> None:
    begins = datetime.combine(person.registered_on, time(), tzinfo=person.agency.zone)
    with pytest.raises(DomainError, match="La personne est inscrite depuis le"):
        noted(portfolio, person, at=begins - timedelta(minutes=1))
    assert noted(portfolio, person, at=begins).at == begins


def test_a_contact_to_come_is_refused_beside_its_day_with_what_was_typed(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    client.force_login(portfolio.adviser.user)
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    refused = client.post(address(person), typed(day=tomorrow))
    assert refused.status_code == 409
    assert refused.context["form"].errors["day"] == ["Notez le contact une fois qu'il a eu lieu."]
    assert "Vous cherchez un stage." in text_of(refused)
    assert not all_noted().exists()


def test_it_holds_an_obligation_only_if_the_plan_asks_for_such_a_contact(
    portfolio: Portfolio, person: Jobseeker
) -> None:
    """Kind: an obligation that a machine holds, or that another contact than the planned one holds."""
    actor = portfolio.adviser.user
    due = due_obligation(person)
    call = noted(portfolio, person)
    assert Obligation.objects.get(pk=due.pk).contact is None
    with pytest.raises(DomainError, match="demande un autre contact"):
        hold_obligation(actor=actor, obligation=due, contact=call)
    change_plan(
        actor=actor,
        jobseeker=person,
        nature=ContactNature.CALLBACK,
        channel=Channel.PHONE,
        interval_days=28,
        reason="Préfère le téléphone.",
        review_on=timezone.localdate() + timedelta(days=60),
    )
    due = due_obligation(person)
    visit = noted(portfolio, person, nature=ContactNature.VISIT, at=timezone.now())  # the new period begins today
    with pytest.raises(DomainError, match="demande un autre contact"):
        hold_obligation(actor=actor, obligation=due, contact=visit)
    call = noted(portfolio, person, at=timezone.now())
    assert hold_obligation(actor=actor, obligation=due, contact=call).contact == call


def test_it_is_no_interview_that_was_held(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    for nature in (ContactNature.CALL, ContactNature.VISIT, ContactNature.LETTER):
        noted(portfolio, person, nature=nature)
    assert not Contact.objects.filter(nature=ContactNature.INTERVIEW).exists()


def test_an_adviser_notes_so_many_in_a_day(portfolio: Portfolio, person: Jobseeker) -> None:
    ActBound.objects.filter(act=BoundedAct.CONTACTS_NOTED).update(most=2)
    for _ in range(2):
        noted(portfolio, person)
    with pytest.raises(TooManyError, match="2 contacts pour cette personne en 24"):
        noted(portfolio, person)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        noted(portfolio, person)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"began_by": ""}, "contact_noted_says_who_began"),
        ({"nature": ContactNature.CALLBACK}, "contact_noted_says_who_began"),
        ({"nature": ContactNature.CALLBACK, "began_by": ""}, "contact_noted_says_who_began"),
        ({"minutes": 0}, "contact_noted_in_minutes"),
        ({"minutes": 601}, "contact_noted_in_minutes"),
    ],
)
def test_the_database_refuses_half_a_contact(person: Jobseeker, changed: dict[str, Any], name: str) -> None:
    row = {
        "jobseeker": person,
        "at": timezone.now(),
        "channel": Channel.PHONE,
        "nature": ContactNature.CALL,
        "began_by": Initiator.PERSON,
        "minutes": 12,
    }
    Contact.objects.create(**row)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Contact.objects.create(**{**row, **changed})


def test_a_call_is_noted_from_the_line_of_the_list(client: Client) -> None:
    """One person who is ticked leads to the form; several, nobody or a stranger lead back to the list."""
    portfolio = PortfolioFactory()
    one, other, stranger = on_web_track(portfolio), on_web_track(portfolio), on_web_track(PortfolioFactory())
    client.force_login(portfolio.adviser.user)
    address = reverse("note_for_one")
    assert "Consigner un contact" in client.get(reverse("my_portfolio")).content.decode()
    assert client.get(address, {"personne": one.pk}).headers["Location"] == reverse("person_contact", args=[one.pk])
    for ticked in ([one.pk, other.pk], [], [stranger.pk]):
        back = client.get(address, {"personne": ticked}, follow=True)
        assert back.redirect_chain[0][0].startswith(reverse("my_portfolio"))
        assert "Cochez une seule personne" in back.content.decode()
