"""The outside calendar of an adviser: when it is busy, whatever it says, and never our own network."""

import socket
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from time_machine import travel

from accompaniment.enums import Channel
from accompaniment.rules.errors import DomainError
from tests.caseload.factories import on_web_track
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.models import OutsideBusy, OutsideCalendar
from visio.rules.calendars import NOT_A_CALENDAR, CalendarError, busy_times, merged
from visio.services import strangers_calendars
from visio.services.calendars import READ_EVERY, keep, read_calendars, remove_calendar, set_calendar
from visio.services.errors import SlotTakenError
from visio.services.fetching import NOT_PUBLIC, ONLY_HTTPS, TOO_SLOW, fetch, host_of, public_address
from visio.services.interviews import book_interview
from visio.services.strangers_calendars import read_calendar

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
ADDRESS = "https://agenda.exemple.fr/prive/7f3.ics"


def calendar(*events: str) -> bytes:
    whole = "".join(f"BEGIN:VEVENT\nUID:{number}\n{event}\nEND:VEVENT\n" for number, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{whole}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def busy(*events: str, zone: ZoneInfo = PARIS, first: date = date(2026, 12, 1)) -> list[str]:
    times = busy_times(calendar(*events), first=first, last=first + timedelta(days=13), zone=zone)
    return [f"{start.astimezone(zone):%d %H:%M}–{end.astimezone(zone):%d %H:%M}" for start, end in times]


MEETING = "SUMMARY:Médecin\nLOCATION:Rue secrète\nDTSTART:20261202T090000Z\nDTEND:20261202T100000Z"


class TestBusyTimes:
    @pytest.mark.parametrize(
        ("event", "times"),
        [
            (MEETING, ["02 10:00–02 11:00"]),
            ("DTSTART:20261202T090000\nDURATION:PT1H", ["02 09:00–02 10:00"]),
            ("DTSTART;TZID=Indian/Reunion:20261202T120000\nDURATION:PT1H", ["02 09:00–02 10:00"]),
            ("DTSTART;VALUE=DATE:20261202", ["02 00:00–03 00:00"]),
            ("DTSTART:20261109T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY", ["07 09:00–07 10:00", "14 09:00–14 10:00"]),
            ("DTSTART:20261130T220000\nDTEND:20261201T020000", ["01 00:00–01 02:00"]),
            (f"{MEETING}\nTRANSP:TRANSPARENT", []),
            (f"{MEETING}\nSTATUS:CANCELLED", []),
            ("DTSTART:20261202T090000Z", []),
        ],
    )
    def test_one_event(self, event: str, times: list[str]) -> None:
        assert busy(event) == times

    def test_a_weekly_hour_stays_on_the_wall_over_the_change_of_the_clock(self) -> None:
        weekly = "DTSTART;TZID=Europe/Paris:20261021T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
        assert busy(weekly, first=date(2026, 10, 20)) == ["21 09:00–21 10:00", "28 09:00–28 10:00"]

    def test_a_whole_day_is_that_of_the_agency(self) -> None:
        start, end = busy_times(
            calendar("DTSTART;VALUE=DATE:20261202"), first=date(2026, 12, 1), last=date(2026, 12, 3), zone=REUNION
        )[0]
        assert (start, end) == (datetime(2026, 12, 1, 20, tzinfo=UTC), datetime(2026, 12, 2, 20, tzinfo=UTC))

    def test_what_overlaps_or_touches_is_one_time(self) -> None:
        at = [NOW + timedelta(hours=hours) for hours in range(6)]
        found = merged([(at[3], at[4]), (at[0], at[2]), (at[1], at[3]), (at[5], at[5])])
        assert found == [(at[0], at[4])]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html>",
            b"\xff\xfe\x00",
            calendar("DTSTART:20261202T090000Z\nRRULE:FREQ=SECONDLY"),
            calendar("DTSTART:19000101T090000Z\nRRULE:FREQ=HOURLY"),
            calendar("DTSTART:20261202T090000Z\nRRULE:FREQ=DAILY;BYMINUTE=1,2,3"),
            calendar(*["DTSTART:20261202T090000Z\nRRULE:FREQ=DAILY"] * 1001),
        ],
    )
    def test_what_is_no_calendar_or_would_never_end_is_refused(self, content: bytes) -> None:
        with pytest.raises(CalendarError):
            busy_times(content, first=date(2026, 12, 1), last=date(2026, 12, 14), zone=PARIS)


class TestFetching:
    @pytest.mark.parametrize(
        "address",
        [
            "http://exemple.fr/a.ics",
            "ftp://exemple.fr",
            "https://",
            "https://moi:secret@exemple.fr/",
            "file:///etc",
            "x",
        ],
    )
    def test_only_https_without_a_password(self, address: str) -> None:
        with pytest.raises(CalendarError) as refused:
            host_of(address)
        assert refused.value.sentence == ONLY_HTTPS

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104
            "224.0.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "2002:7f00:1::",
            "2130706433",
            "64:ff9b::7f00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "::10.0.0.1",
            "fec0::1",
        ],
    )
    def test_no_address_of_ours(self, host: str) -> None:
        with pytest.raises(CalendarError) as refused:
            public_address(host, 443)
        assert refused.value.sentence == NOT_PUBLIC

    @pytest.mark.parametrize("host", ["9.9.9.9", "2620:fe::fe"])
    def test_a_public_address_is_reached_as_it_was_checked(self, host: str) -> None:
        assert public_address(host, 443) == host

    def test_nothing_is_asked_of_a_server_of_ours(self) -> None:
        """A server that listens here gets no connection."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            with pytest.raises(CalendarError):
                fetch(f"https://localhost:{server.getsockname()[1]}/a.ics")
            with pytest.raises(BlockingIOError):
                server.accept()


BOMB = calendar("DTSTART:00010101T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
"""A rule of one line that keeps a processor busy for half a minute."""

READ_BOMB = f"from visio.services import strangers_calendars as one; one.fetch = lambda _: {BOMB!r}; one.main()"
HANGS = "import time; time.sleep(60)"
HOGS = (
    "from visio.services import strangers_calendars as one; "
    "one.fetch = lambda _: b'x' * 2 * one.MOST_MEMORY; one.main()"
)


class TestProcess:
    """Kind: a stranger's file or server that decides how long a worker is busy."""

    @pytest.mark.parametrize(
        ("script", "sentence"),
        [(READ_BOMB, TOO_SLOW), (HANGS, TOO_SLOW), (HOGS, NOT_A_CALENDAR), ("1 / 0", NOT_A_CALENDAR)],
    )
    def test_it_is_given_up_in_time_and_says_why(
        self, script: str, sentence: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(strangers_calendars, "COMMAND", (sys.executable, "-c", script))
        patience = 3 if sentence == TOO_SLOW else 60
        with pytest.raises(CalendarError) as given_up:
            read_calendar(ADDRESS, first=date(2026, 12, 1), last=date(2026, 12, 14), zone=PARIS, patience=patience)
        assert given_up.value.sentence == sentence

    def test_it_answers_what_it_has_read_and_knows_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "s3cr3t")
        script = (
            "import os; from visio.services import strangers_calendars as one; assert 'SECRET_KEY' not in os.environ; "
            f"one.fetch = lambda _: {calendar(MEETING)!r}; one.main()"
        )
        monkeypatch.setattr(strangers_calendars, "COMMAND", (sys.executable, "-c", script))
        days = {"first": date(2026, 12, 1), "last": date(2026, 12, 14), "zone": PARIS}
        assert read_calendar(ADDRESS, **days) == busy_times(calendar(MEETING), **days) != []


@pytest.mark.django_db
class TestReading:
    @pytest.fixture(autouse=True)
    def _monday(self):
        with travel(NOW, tick=False):
            yield

    @pytest.fixture
    def person(self):
        return on_web_track(bookable_portfolio())

    @pytest.fixture
    def kept(self, person):
        adviser = follower(person)
        set_calendar(actor=adviser.user, adviser=adviser, address=ADDRESS)
        return OutsideCalendar.objects.select_related("adviser").get()

    def times(self):
        return busy_times(calendar(MEETING), first=date(2026, 11, 30), last=date(2026, 12, 14), zone=PARIS)

    def test_a_busy_time_takes_its_slots_and_those_that_reach_into_it(self, person, kept):
        before = first_slots(person)
        keep(kept, self.times(), now=NOW)
        gone = sorted(set(before) - set(first_slots(person)))
        assert [f"{one:%d %H:%M}" for one in gone] == ["02 08:45", "02 09:30"]
        facts = {"jobseeker": person, "adviser": follower(person), "starts_at": gone[0], "channel": Channel.VIDEO}
        with pytest.raises(SlotTakenError):
            book_interview(actor=person.user, **facts)
        book_interview(actor=follower(person).user, over_hours=True, **facts)

    def test_nothing_but_the_times_is_kept(self, kept):
        keep(kept, self.times(), now=NOW)
        assert {field.name for field in OutsideBusy._meta.fields} == {"id", "calendar", "starts_at", "ends_at"}
        keep(kept, [], now=NOW)
        assert not OutsideBusy.objects.exists()

    def test_a_try_that_fails_keeps_what_was_read_and_says_why(self, client, kept):
        keep(kept, self.times(), now=NOW)
        OutsideCalendar.objects.update(address="https://localhost/a.ics", tried_at=NOW - READ_EVERY, read_at=None)
        assert read_calendars() == 1
        kept.refresh_from_db()
        assert (kept.tried_at, kept.failure) == (NOW, NOT_PUBLIC)
        assert OutsideBusy.objects.count() == 1
        assert read_calendars() == 0
        client.force_login(kept.adviser.user)
        assert "Cette adresse n&#x27;est pas publique" in client.get(reverse("outside_calendar")).content.decode()

    def test_an_address_that_changed_while_it_was_read_keeps_nothing(self, kept):
        set_calendar(actor=kept.adviser.user, adviser=kept.adviser, address="https://autre.exemple.fr/b.ics")
        keep(kept, self.times(), now=NOW)
        assert not OutsideBusy.objects.exists()
        remove_calendar(actor=kept.adviser.user, adviser=kept.adviser)
        assert not OutsideCalendar.objects.exists()

    def test_no_page_shows_the_address_again(self, client, kept):
        client.force_login(kept.adviser.user)
        page = client.get(reverse("outside_calendar")).content.decode()
        assert "agenda.exemple.fr" in page
        assert "7f3" not in page

    def test_the_database_refuses_another_scheme_and_times_that_overlap(self, kept):
        with pytest.raises(DomainError):
            set_calendar(actor=kept.adviser.user, adviser=kept.adviser, address="http://exemple.fr/a.ics")
        with pytest.raises(IntegrityError, match="over_https"), transaction.atomic():
            OutsideCalendar.objects.update(address="http://exemple.fr/a.ics")
        OutsideBusy.objects.create(calendar=kept, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
        with pytest.raises(IntegrityError, match="outside_busy_apart"), transaction.atomic():
            OutsideBusy.objects.create(calendar=kept, starts_at=NOW, ends_at=NOW + timedelta(hours=2))
