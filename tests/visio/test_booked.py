"""An adviser moves or cancels a booked interview, and books over their own hours knowingly."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from time_machine import travel

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import Notification
from accompaniment.rules.errors import DomainError
from caseload.models import Absence
from tests.caseload.factories import CoverFactory, on_web_track
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.enums import InterviewState
from visio.models import Interview, InterviewEvent
from visio.reads.hours import hours_of
from visio.reads.hours_page import outside_hours
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview, cancel_interview

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 12, 2, 17, 30, tzinfo=UTC)
"""Wednesday 2 December 2026, 18 h 30 in Paris, after the usual hours."""


@pytest.fixture(autouse=True)
def _monday():
    with travel(datetime(2026, 11, 30, 7, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def person():
    return on_web_track(bookable_portfolio())


def book(person, starts_at, *, actor=None, **facts):
    return book_interview(
        actor=actor or follower(person).user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=starts_at,
        channel=Channel.VIDEO,
        **facts,
    )


class TestCancelling:
    def test_the_adviser_says_why_and_the_person_reads_it(self, client, person):
        interview = book(person, first_slots(person)[0])
        client.force_login(follower(person).user)
        address = reverse("cancel_booked", args=[interview.pk])
        assert client.post(address, {"reason": " "}).status_code == 422
        assert client.post(address, {"reason": "Réunion d'équipe"}).status_code == 302
        event = InterviewEvent.objects.get(to_state=InterviewState.CANCELLED)
        assert (event.actor, event.reason) == (follower(person).user, "Réunion d'équipe")
        letter = Notification.objects.get(kind=NotificationKind.INTERVIEW_CANCELLED)
        assert letter.context["message"] == "Réunion d'équipe"
        timeline = client.get(reverse("person", args=[person.pk])).content.decode()
        assert "Réunion d&#x27;équipe" in timeline
        assert client.get(address)["Location"] == reverse("agenda")

    def test_the_person_may_say_why_without_a_letter_that_quotes_it(self, client, person):
        interview = book(person, first_slots(person)[0])
        client.force_login(person.user)
        client.post(reverse("cancel_interview", args=[interview.pk]), {"reason": "Un entretien d'embauche"})
        assert InterviewEvent.objects.get(to_state=InterviewState.CANCELLED).reason == "Un entretien d'embauche"
        assert Notification.objects.get(kind=NotificationKind.INTERVIEW_CANCELLED).context["message"] == ""

    def test_only_the_adviser_owes_a_reason(self, person):
        slots = first_slots(person)
        interview = book(person, slots[0])
        with pytest.raises(DomainError, match="pourquoi"):
            cancel_interview(actor=follower(person).user, interview=interview)
        cancel_interview(actor=person.user, interview=interview)


class TestMoving:
    def test_the_adviser_moves_it_and_the_person_is_told(self, client, person):
        slots = first_slots(person)
        interview = book(person, slots[0])
        client.force_login(follower(person).user)
        address = reverse("move_booked", args=[interview.pk])
        assert "Déplacer un entretien" in client.get(address).content.decode()
        client.post(address, {"slot": slots[3].isoformat(), "channel": "video"})
        (moved,) = Interview.objects.live()
        assert (moved.starts_at, moved.adviser) == (slots[3], follower(person))
        assert Notification.objects.filter(kind=NotificationKind.INTERVIEW_BOOKED).count() == 2

    def test_what_has_begun_is_concluded_instead(self, client, person):
        interview = book(person, first_slots(person)[0])
        client.force_login(follower(person).user)
        with travel(interview.starts_at, tick=False):
            client.force_login(follower(person).user)
            for name in ("move_booked", "cancel_booked"):
                assert client.get(reverse(name, args=[interview.pk]))["Location"] == reverse("agenda")


class TestOverHours:
    def test_the_adviser_books_an_hour_outside_and_the_page_of_hours_says_so(self, person):
        with pytest.raises(SlotTakenError):
            book(person, EVENING)
        booked = book(person, EVENING, over_hours=True)
        adviser = follower(person)
        assert outside_hours(adviser, hours=hours_of(adviser), now=booked.booked_at) == [booked]

    def test_never_over_another_interview_or_its_buffer(self, person):
        book(person, EVENING, over_hours=True)
        other = on_web_track(person.placements.get().portfolio)
        with pytest.raises(SlotTakenError):
            book(other, EVENING + timedelta(minutes=39), over_hours=True)
        book(other, EVENING + timedelta(minutes=40), over_hours=True)

    @pytest.mark.parametrize("who", ["person", "colleague"])
    def test_nobody_else_books_over_them(self, person, who):
        adviser = follower(person)
        colleague = bookable_portfolio(agency=person.agency).adviser
        CoverFactory(portfolio=person.placements.get().portfolio, colleague=colleague)
        actor = person.user if who == "person" else colleague.user
        with pytest.raises(SlotTakenError):
            book(person, EVENING, actor=actor, over_hours=True)
        book(person, EVENING, actor=adviser.user, over_hours=True)

    def test_neither_in_an_absence_nor_on_a_public_holiday_nor_in_the_past(self, person):
        adviser = follower(person)
        for wrong in (datetime(2026, 12, 25, 9, tzinfo=UTC), datetime(2026, 11, 30, 6, tzinfo=UTC)):
            with pytest.raises(DomainError):
                book(person, wrong, over_hours=True)
        away = EVENING.date()
        Absence.objects.create(adviser=adviser, starts_on=away, ends_on=away, set_by=adviser.user, set_at=EVENING)
        with pytest.raises(DomainError, match="absence"):
            book(person, EVENING, over_hours=True)

    def test_the_page_asks_for_a_tick(self, client, person):
        client.force_login(follower(person).user)
        address = reverse("book_for", args=[person.pk])
        typed = {"channel": "video", "other_day": "2026-12-02", "other_hour": "18 h 30"}
        answer = client.post(address, typed)
        assert answer.status_code == 422
        assert "Cochez cette case" in answer.content.decode()
        assert not Interview.objects.exists()
        assert client.post(address, {**typed, "over_hours": "on"}).status_code == 302
        assert Interview.objects.get().starts_at == EVENING
        assert Interview.objects.get().starts_at.astimezone(person.agency.zone).time() == time(18, 30)
