"""The channel that a person prefers: chosen by the person, seen by the adviser, ticked when an interview is booked."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, BoundedAct, Channel
from accompaniment.models import ActBound, AuditEntry, Jobseeker
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.services.contact_details import change_preferred_channel
from tests.caseload.factories import follower, on_web_track
from tests.space_page import answer_of, read
from tests.visio.factories import bookable_portfolio

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Jobseeker:
    person = on_web_track(bookable_portfolio())
    Jobseeker.objects.filter(pk=person.pk).update(preferred_channel=Channel.VIDEO)
    person.refresh_from_db()
    return person


def rows(person: Jobseeker) -> list[AuditEntry]:
    """Return the audit rows of a change by the person; the registration interview leaves rows of its adviser."""
    return list(
        AuditEntry.objects.filter(
            jobseeker=person,
            actor=person.user,
            action=AuditAction.UPDATED,
            details__fields__contains="preferred_channel",
        )
    )


@pytest.mark.parametrize("channel", [Channel.PHONE, ""])
def test_the_person_changes_it_and_leaves_a_row(person: Jobseeker, channel: str) -> None:
    changed = change_preferred_channel(actor=person.user, jobseeker=person, channel=channel)
    assert changed.preferred_channel == channel
    assert len(rows(person)) == 1


def test_the_same_changes_nothing(person: Jobseeker) -> None:
    change_preferred_channel(actor=person.user, jobseeker=person, channel=Channel.VIDEO)
    assert rows(person) == []


def test_nobody_else_may_here(person: Jobseeker) -> None:
    for other in (follower(person), on_web_track().user):
        with pytest.raises(NoRightError):
            change_preferred_channel(actor=other, jobseeker=person, channel=Channel.PHONE)
    person.refresh_from_db()
    assert person.preferred_channel == Channel.VIDEO


def test_a_channel_that_does_not_exist_is_refused_at_its_field(person: Jobseeker, client: Client) -> None:
    with pytest.raises(DomainError) as refusal:
        change_preferred_channel(actor=person.user, jobseeker=person, channel="pigeon")
    assert refusal.value.about == "channel"
    client.force_login(person.user)
    assert client.post(reverse("my_channel"), {"channel": "pigeon"}).status_code == 422
    assert client.post(reverse("my_channel"), {"channel": "phone"}).status_code == 302


def test_it_is_bounded(person: Jobseeker) -> None:
    ActBound.objects.filter(act=BoundedAct.PREFERENCES).update(most=1)
    change_preferred_channel(actor=person.user, jobseeker=person, channel=Channel.PHONE)
    with pytest.raises(DomainError, match="1 fois en 24\u00a0heures"):
        change_preferred_channel(actor=person.user, jobseeker=person, channel=Channel.ON_SITE)
    assert len(rows(person)) == 1


def test_what_the_page_says_it_changes_it_changes(person: Jobseeker, client: Client) -> None:
    """The choice is ticked when the person books, and the adviser reads it."""
    page = read(client, person, "my_channel")
    assert "Votre conseiller voit ce choix avant de vous joindre." in page
    assert "la visio, le téléphone ou l'agence est choisi d'avance" in page
    told = answer_of(client.post(reverse("my_channel"), {"channel": "on_site"}, follow=True))
    assert "C'est noté. Vous préférez échanger en agence." in told
    assert "Moyen d'échange préféré En agence Changer" in told
    picker = client.get(reverse("take_interview"), follow=True).content.decode()
    assert re.search(r'<input[^>]*name="channel" value="on_site"[^>]* checked', picker)
    client.force_login(follower(person))
    assert "Préfère</dt><dd>En agence" in client.get(reverse("person", args=[person.pk])).content.decode()
