"""Interviews in calendars: letters, downloads, and the rules of the reader's zone, as another program reads them."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accompaniment.enums import CalendarMethod
from accompaniment.models import Notification, Region
from accompaniment.rules.calendars import Appointment, calendar_file
from messaging.services.delivery import as_email, letter_for
from messaging.services.envelopes import bytes_of
from tests.caseload.factories import CoverFactory, on_web_track
from tests.concurrency.acts import book
from tests.visio.clocks import CLOCK_CHANGES, PLACES
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots
from visio.models import Interview
from visio.services.interviews import cancel_interview, move_interview
from visio.services.notices import send_convocation, send_new_adviser, send_now_obligatory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 16, 9, 17, tzinfo=UTC)


def event_of(content: bytes | str):
    """Return the file and its one appointment, without a single field that the reader finds wrong."""
    calendar = Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    assert [one.errors for one in calendar.walk()] == [[]] * len(calendar.walk())
    assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"} <= set(event)
    return calendar, event


def told() -> list[tuple[str, str, int, datetime]]:
    """Return what the letters asked of the person's calendar, in order: method, UID, SEQUENCE and beginning."""
    found = []
    for row in Notification.objects.filter(key__startswith="interview-").order_by("pk"):
        letter = letter_for(row)
        assert letter.calendar is not None
        calendar, event = event_of(letter.calendar.text)
        found.append((str(calendar["METHOD"]), str(event["UID"]), event["SEQUENCE"], event["DTSTART"].dt))
    return found


def test_an_interview_keeps_its_name_in_calendars_and_each_change_is_a_later_version() -> None:
    with time_machine.travel(NOW, tick=False):
        person = on_web_track(bookable_portfolio())
        first = book(person)
        other = first_slots(person)[3]
        moved = move_interview(actor=person.user, interview=first, starts_at=other, channel="phone")
        send_now_obligatory(moved)
        send_new_adviser(moved, instead_of=moved.adviser)
        cancel_interview(actor=person.user, interview=Interview.objects.get(pk=moved.pk))
        letters = told()
        uid = str(first.calendar_uid)
    assert [(method, name, version) for method, name, version, _ in letters] == [
        ("REQUEST", uid, 0),
        ("REQUEST", uid, 1),
        ("REQUEST", uid, 2),
        ("REQUEST", uid, 3),
        ("CANCEL", uid, 4),
    ]
    assert [at for *_, at in letters] == [first.starts_at, other, other, other, other]


def test_two_interviews_of_one_person_have_two_names() -> None:
    one, other = InterviewFactory(), InterviewFactory()
    assert one.calendar_uid != other.calendar_uid


def test_the_database_takes_no_second_live_row_and_no_version_twice() -> None:
    one, other = InterviewFactory(), InterviewFactory()
    with pytest.raises(IntegrityError, match="interview_one_live_per_calendar_uid"), transaction.atomic():
        Interview.objects.filter(pk=other.pk).update(calendar_uid=one.calendar_uid, calendar_sequence=1)
    Interview.objects.filter(pk=one.pk).update(state="cancelled", closed_at=timezone.now())
    with pytest.raises(IntegrityError, match="interview_calendar_sequence_grows"), transaction.atomic():
        Interview.objects.filter(pk=other.pk).update(calendar_uid=one.calendar_uid)
    assert Interview.objects.filter(pk=other.pk).update(calendar_uid=one.calendar_uid, calendar_sequence=1) == 1


@pytest.mark.parametrize("change", CLOCK_CHANGES)
def test_a_program_that_knows_only_the_file_finds_the_instant(change: str) -> None:
    """Kind: a calendar of another continent that trusts the rules of the file, around both clock changes."""
    midnight = datetime(*CLOCK_CHANGES[change], tzinfo=UTC)
    for place in PLACES:
        zone = ZoneInfo(place)
        for minutes in (-24 * 60 + 510, 0, 59, 60, 61, 119, 120, 180, 510, 24 * 60 + 510):
            at = midnight + timedelta(minutes=minutes)
            one = Appointment(uid="1", sequence=0, starts_at=at, ends_at=at + timedelta(minutes=30), title="x")
            content = calendar_file([one], method=CalendarMethod.PUBLISH, zone=zone, now=NOW)
            calendar, event = event_of(content)
            [rules] = calendar.walk("VTIMEZONE")
            assert event["DTSTART"].params["TZID"] == rules["TZID"] == place
            written = event["DTSTART"].dt.replace(tzinfo=None)
            local = at.astimezone(zone)
            assert written == local.replace(tzinfo=None)
            if not local.fold:  # no file can say which of the two hours between two and three it means
                assert written.replace(tzinfo=rules.to_tz(lookup_tzid=False)).astimezone(UTC) == at, (place, minutes)


def test_the_letter_carries_the_invitation_as_a_part_and_as_a_file() -> None:
    with time_machine.travel(NOW, tick=False):
        interview = InterviewFactory(starts_at=NOW + timedelta(days=1))
        Region.objects.update(timezone="Indian/Reunion")
        interview = Interview.objects.with_people().get(pk=interview.pk)
        send_convocation(interview)
        row = Notification.objects.get(key=f"interview-booked:{interview.pk}")
        letter = letter_for(row)
        email = as_email(row, letter)
        for content in (bytes_of(email), email.message().as_bytes()):
            mail = message_from_bytes(content, policy=policy.default)
            assert mail.get_content_type() == "multipart/mixed"
            [shown, file] = mail.iter_parts()
            assert [part.get_content_type() for part in shown.iter_parts()] == [
                "text/plain",
                "text/html",
                "text/calendar",
            ]
            [*_, part] = shown.iter_parts()
            assert part.get_param("method") == "REQUEST"
            assert file.get_filename() == "entretien.ics"
            assert file.get_content_type() == "application/ics"
            for one in (part, file):
                _, event = event_of(one.get_payload(decode=True))
                assert event["DTSTART"].dt.isoformat() == "2026-03-17T13:17:00+04:00"
                assert str(event["ATTENDEE"]) == f"mailto:{interview.jobseeker.email}"
                assert event["ATTENDEE"].params["RSVP"] == "FALSE"


def test_the_calendar_says_no_more_than_the_letter() -> None:
    with time_machine.travel(NOW, tick=False):
        interview = InterviewFactory(starts_at=NOW + timedelta(days=1))
        send_convocation(interview)
        letter = letter_for(Notification.objects.get(key=f"interview-booked:{interview.pk}"))
    assert letter.calendar is not None
    _, event = event_of(letter.calendar.text)
    assert interview.token not in letter.calendar.text
    assert str(event["URL"]) in letter.body
    assert str(event["DESCRIPTION"]) in letter.body
    assert str(interview.adviser.user) in str(event["SUMMARY"])


def test_a_letter_without_an_appointment_and_an_old_one_carry_none() -> None:
    interview = InterviewFactory()
    send_convocation(interview)
    row = Notification.objects.get(key=f"interview-booked:{interview.pk}")
    del row.context["calendar"]
    email = as_email(row, letter_for(row))
    assert message_from_bytes(bytes_of(email)).get_content_type() == "multipart/alternative"


def test_each_of_the_two_downloads_the_interview_and_nobody_else(client: Client) -> None:
    portfolio = bookable_portfolio()
    interview = InterviewFactory(jobseeker=on_web_track(portfolio))
    address = reverse("interview_file", args=[interview.pk])
    for user, named in ((interview.jobseeker.user, interview.adviser.user), (interview.adviser.user, None)):
        client.force_login(user)
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert "no-store" in answer.headers["Cache-Control"]
        calendar, event = event_of(answer.content)
        assert calendar["METHOD"] == "PUBLISH"
        assert "ATTENDEE" not in event
        assert event["UID"] == str(interview.calendar_uid)
        assert (str(named) in str(event["SUMMARY"])) == (named is not None)
        assert interview.jobseeker.last_name not in answer.content.decode()
    client.force_login(CoverFactory(portfolio=portfolio).colleague.user)
    assert client.get(address).status_code == 404
    Interview.objects.filter(pk=interview.pk).update(state="cancelled", closed_at=timezone.now())
    client.force_login(interview.jobseeker.user)
    assert client.get(address).status_code == 404


def test_the_person_finds_the_file_on_the_page_of_their_interviews(client: Client) -> None:
    interview = InterviewFactory(starts_at=timezone.now() + timedelta(days=3))
    client.force_login(interview.jobseeker.user)
    for page in (reverse("my_interviews"), reverse("room", args=[interview.token])):
        assert reverse("interview_file", args=[interview.pk]) in client.get(page).content.decode()
