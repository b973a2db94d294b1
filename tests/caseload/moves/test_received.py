"""Who is told when a person changes adviser without a transfer: the person, and the adviser who did not do it."""

import pytest
from django.urls import reverse

from accompaniment.enums import Modality, NotificationKind, Tier
from accompaniment.models import Notification
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.tiers import change_tier
from caseload.models import Placement, Portfolio
from caseload.services.moves.waiting_list import place_waiting
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def web() -> Portfolio:
    reference()
    return PortfolioFactory()


def received() -> list[Notification]:
    return list(Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).order_by("pk"))


def test_who_leaves_reads_who_follows_now_and_by_which_plan(web: Portfolio) -> None:
    classic = PortfolioFactory(agency=web.agency, modality=Modality.GUIDE)
    person = on_web_track(web)
    leave_track(actor=person.user, jobseeker=person)
    letter = Notification.objects.get(kind=NotificationKind.TRACK_ENDED)
    (sentence,) = letter.context["carried"]
    assert sentence.startswith(f"{classic.adviser.user.full_name} (")
    assert sentence.endswith(" vous accompagne maintenant.")
    assert letter.context["plan"].startswith("Un entretien en agence")
    (told,) = received()
    assert told.user == classic.adviser.user
    assert told.context["person"] == person.full_name
    assert told.context["path"] == reverse("person", args=[person.pk])


def test_who_leaves_and_finds_no_room_reads_of_the_waiting_list(web: Portfolio) -> None:
    person = on_web_track(web)
    leave_track(actor=person.user, jobseeker=person)
    (sentence,) = Notification.objects.get(kind=NotificationKind.TRACK_ENDED).context["carried"]
    assert "vous attendez un conseiller" in sentence
    assert received() == []


def test_the_adviser_of_somebody_who_leaves_is_told_unless_it_was_their_act(web: Portfolio) -> None:
    """Kind: an adviser who waits in a room for somebody who has left the 100 % web."""
    PortfolioFactory(agency=web.agency, modality=Modality.GUIDE)
    gone, sent = on_web_track(web), on_web_track(web, identifier="7654321B")
    leave_track(actor=gone.user, jobseeker=gone)
    leave_track(actor=web.adviser.user, jobseeker=sent)
    letter = Notification.objects.get(kind=NotificationKind.PEOPLE_LEFT)
    assert letter.user == web.adviser.user
    assert [line["person"] for line in letter.context["lines"]] == [gone.full_name]
    assert "Son accompagnement 100\u00a0% web est terminé." in letter_for(letter).body


def test_an_adviser_who_keeps_the_person_is_told_nothing(web: Portfolio) -> None:
    PortfolioFactory(adviser=web.adviser, agency=web.agency, modality=Modality.GUIDE)
    person = on_web_track(web)
    leave_track(actor=person.user, jobseeker=person)
    assert Placement.objects.open().get(jobseeker=person).portfolio.adviser == web.adviser
    assert received() == []
    assert not Notification.objects.filter(kind=NotificationKind.PEOPLE_LEFT).exists()


def test_another_tier_brings_another_adviser_who_is_told(web: Portfolio) -> None:
    target = PortfolioFactory(agency=web.agency, modality=Modality.SUIVI)
    person = on_web_track(web)
    change_tier(actor=web.adviser.user, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
    assert [letter.user for letter in received()] == [target.adviser.user]


@pytest.mark.parametrize("by_oneself", [True, False])
def test_who_is_taken_off_the_waiting_list_is_announced_unless_one_did_it(web: Portfolio, by_oneself: bool) -> None:
    person = on_web_track(web)
    leave_track(actor=person.user, jobseeker=person)
    target = PortfolioFactory(agency=web.agency, modality=Modality.GUIDE)
    actor = target.adviser.user if by_oneself else ManagerFactory().user
    place_waiting(actor=actor, jobseeker=person, portfolio=target)
    assert len(received()) == (not by_oneself)
