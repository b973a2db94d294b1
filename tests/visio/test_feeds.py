"""The subscription of one's own calendar: its secret, what it says to whom, and its end."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from accompaniment.models import AuditEntry, Region, User
from accompaniment.services.accounts import change_password, close, reopen
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio.models import CalendarFeed, Interview
from visio.services.feeds import digest_of, end_feed, make_feed

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 16, 9, 17, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


def asked(token: str):
    """Return the answer to a calendar, which has no session."""
    return Client().get(reverse("calendar_feed_file", args=[token]))


def titles(token: str) -> list[str]:
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(asked(token).content).walk("VEVENT")]


def test_the_page_shows_the_address_once_and_only_its_digest_is_stored(clock, client: Client) -> None:
    interview = InterviewFactory(starts_at=NOW + timedelta(days=1))
    client.force_login(interview.jobseeker.user)
    page = reverse("calendar_feed")
    assert "Arrêter l" not in client.get(page).content.decode()
    shown = client.post(page)
    address = shown.context["address"]
    token = address.removesuffix(".ics").rsplit("/", 1)[1]
    assert address in shown.content.decode()
    assert len(token) == 22, "128 bits"
    assert "no-store" in shown.headers["Cache-Control"]
    feed = CalendarFeed.objects.get()
    assert feed.digest == digest_of(token)
    assert token not in str(vars(feed))
    again = client.get(page).content.decode()
    assert token not in again
    assert "Arrêter l" in again
    assert AuditEntry.objects.filter(details__event="feed_made", jobseeker=interview.jobseeker).count() == 1
    assert token not in str(list(AuditEntry.objects.values_list("details")))


def test_it_is_discreet_unless_its_owner_chooses_otherwise_and_never_names_a_person_to_the_staff(clock) -> None:
    interview = InterviewFactory(starts_at=NOW + timedelta(days=1))
    person, adviser = interview.jobseeker.user, interview.adviser.user
    told = {
        (user.role, chosen): asked(make_feed(actor=user, tells_subject=chosen)).content.decode()
        for user in (person, adviser)
        for chosen in (False, True)
    }
    for (_, chosen), text in told.items():
        [event] = Calendar.from_ical(text).walk("VEVENT")
        assert str(event["UID"]) == str(interview.calendar_uid)
        assert interview.token not in text
        assert interview.jobseeker.last_name not in text
        assert str(event["SUMMARY"]).startswith("Entretien en visio" if chosen else "Rendez-vous")
        if not chosen:
            assert str(event["SUMMARY"]) == "Rendez-vous"
            assert {"URL", "DESCRIPTION", "LOCATION", "ORGANIZER", "ATTENDEE"}.isdisjoint(event)
            for word in ("entretien", "accompagnement", "emploi", "http", adviser.last_name.lower()):
                assert word not in text.lower()
    assert adviser.last_name in told[person.role, True]


def test_its_type_and_its_caching_and_the_readers_own_clock(clock) -> None:
    interview = InterviewFactory(starts_at=NOW + timedelta(days=1))
    Region.objects.update(timezone="America/Cayenne")
    answer = asked(make_feed(actor=interview.jobseeker.user, tells_subject=False))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert {"no-store", "private"} <= set(answer.headers["Cache-Control"].split(", "))
    assert not answer.cookies
    calendar = Calendar.from_ical(answer.content)
    [event] = calendar.walk("VEVENT")
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert event["DTSTART"].dt.isoformat() == "2026-03-17T06:17:00-03:00"
    assert asked(make_feed(actor=on_web_track().user, tells_subject=True)).status_code == 200, "an empty one is a file"


def test_it_has_ones_own_interviews_that_hold_a_slot_or_were_held_lately(clock) -> None:
    portfolio = bookable_portfolio()
    person = on_web_track(portfolio)
    coming, cancelled = (InterviewFactory(jobseeker=person, starts_at=NOW + timedelta(days=day)) for day in (1, 2))
    InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=NOW + timedelta(days=3))
    InterviewFactory(starts_at=NOW + timedelta(days=1))
    old = InterviewFactory(jobseeker=person, starts_at=NOW - timedelta(days=31))
    Interview.objects.filter(pk=cancelled.pk).update(state="cancelled", closed_at=NOW)
    own = asked(make_feed(actor=person.user, tells_subject=False)).content.decode()
    assert own.count("BEGIN:VEVENT") == 1
    assert str(coming.calendar_uid) in own
    assert str(old.calendar_uid) not in own
    assert len(titles(make_feed(actor=portfolio.adviser.user, tells_subject=True))) == 2


def test_an_unknown_an_ended_a_replaced_and_a_closed_one_answer_alike(clock, client: Client) -> None:
    user = InterviewFactory().jobseeker.user
    first = make_feed(actor=user, tells_subject=False)
    second = make_feed(actor=user, tells_subject=False)
    assert (asked(first).status_code, asked(second).status_code) == (404, 200)
    client.force_login(user)
    client.post(reverse("end_calendar_feed"))
    assert end_feed(actor=user) is False
    third = make_feed(actor=user, tells_subject=False)
    User.objects.filter(pk=user.pk).update(is_active=False)
    answers = [asked(token) for token in (first, second, third, "x" * 22)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_it_ends_with_the_password(clock) -> None:
    """Kind: a key that somebody made who had the session for a minute, and that outlives a new password."""
    user = InterviewFactory().jobseeker.user
    token = make_feed(actor=user, tells_subject=True)
    change_password(actor=user, password="Un-autre-mot-2026")
    assert asked(token).status_code == 404
    token = make_feed(actor=user, tells_subject=True)
    with transaction.atomic():
        close(user=user)
        reopen(user=user)
    assert asked(token).status_code == 404


def test_too_many_questions_wait_an_hour_and_another_feed_does_not(clock, settings) -> None:
    settings.BOUNDS = {**settings.BOUNDS, "calendar_feed.address": (2, 3600), "calendar_feed.place": (1, 3600)}
    busy, calm = (make_feed(actor=InterviewFactory().jobseeker.user, tells_subject=False) for _ in range(2))
    assert [asked(busy).status_code for _ in range(3)] == [200, 200, 429]
    assert asked(busy).headers["Retry-After"] == "3600"
    assert asked(calm).status_code == 200
    assert [asked("x" * 22).status_code for _ in range(2)] == [404, 429]
    assert asked(calm).status_code == 200, "guesses from the same place stop nobody's calendar"
    clock.shift(3600)
    assert asked(busy).status_code == 200
