"""Slots, moments, obstacles, words and credentials: everything that is decided without a database."""

import base64
import hashlib
import hmac
import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis.strategies import dates, sampled_from, times

from accompaniment.enums import Channel
from accompaniment.rules.public_holidays import is_public_holiday
from visio.enums import InterviewState, RoomMoment
from visio.rules import INTERVIEW_TRANSITIONS, LIVE_STATES, OPEN_STATES
from visio.rules.slots import LENGTH, Busy, Hours, Stretch, horizon, is_free, offered_slots, slots_on
from visio.rules.states import absence_obstacle, confirming_obstacle, end_of_answers, room_moment
from visio.rules.turn import Relay, ice_servers, turn_login
from visio.services.notices import HOW_TO_JOIN

PARIS = ZoneInfo("Europe/Paris")
REUNION = ZoneInfo("Indian/Reunion")
GUADELOUPE = ZoneInfo("America/Guadeloupe")

USUAL = Hours(weekly=dict.fromkeys(range(5), (Stretch(time(9), time(12)), Stretch(time(13), time(17)))))


def starts_on(day, *, hours=USUAL, zone=PARIS):
    return [starts for starts, _ in slots_on(day, hours=hours, zone=zone)]


def walls(day, *, hours=USUAL, zone=PARIS):
    return [f"{starts.astimezone(zone):%H:%M}" for starts in starts_on(day, hours=hours, zone=zone)]


def offered(now, last_day, *, hours=USUAL, zone=PARIS, closed=()):
    return list(
        dict(offered_slots(now=now, last_day=last_day, hours=hours, zone=zone, is_closed=lambda day: day in closed))
    )


class TestGrid:
    def test_a_day_of_work(self):
        assert walls(date(2026, 11, 24)) == [
            "09:00", "09:45", "10:30", "11:15", "13:00", "13:45", "14:30", "15:15", "16:00",
        ]  # fmt: skip

    def test_nothing_on_a_day_off(self):
        assert walls(date(2026, 11, 28)) == []

    def test_the_whole_interview_fits_into_the_stretch(self):
        assert walls(date(2026, 11, 24), hours=Hours(weekly={1: (Stretch(time(9), time(9, 29)),)})) == []
        assert walls(date(2026, 11, 24), hours=Hours(weekly={1: (Stretch(time(9), time(9, 30)),)})) == ["09:00"]

    @pytest.mark.parametrize(("zone", "utc_hour"), [(PARIS, 8), (REUNION, 5), (GUADELOUPE, 13)])
    def test_nine_on_the_wall_is_another_instant_in_each_zone(self, zone, utc_hour):
        first = next(iter(starts_on(date(2026, 11, 24), hours=USUAL, zone=zone)))
        assert first == datetime(2026, 11, 24, utc_hour, tzinfo=UTC)


class TestClockChange:
    NIGHT = Hours(weekly={6: (Stretch(time(1), time(5)),)})

    def test_the_hour_that_summer_time_skips_is_not_offered(self):
        day = date(2026, 3, 29)
        assert walls(day, hours=self.NIGHT) == ["01:00", "01:45", "03:15", "04:00"]
        slots = list(starts_on(day, hours=self.NIGHT, zone=PARIS))
        assert slots[2] - slots[1] == timedelta(minutes=30)

    def test_the_hour_that_winter_time_repeats_is_offered_once(self):
        day = date(2026, 10, 25)
        slots = list(starts_on(day, hours=self.NIGHT, zone=PARIS))
        assert walls(day, hours=self.NIGHT) == ["01:00", "01:45", "02:30", "03:15", "04:00"]
        assert slots[3] - slots[2] == timedelta(hours=1, minutes=45)
        assert len(set(slots)) == len(slots)

    @pytest.mark.parametrize(
        ("before", "after", "hours"),
        [(date(2026, 3, 27), date(2026, 3, 30), 71), (date(2026, 10, 23), date(2026, 10, 26), 73)],
    )
    def test_nine_stays_nine_on_the_wall(self, before, after, hours):
        first, last = (next(iter(starts_on(day, hours=USUAL, zone=PARIS))) for day in (before, after))
        assert last - first == timedelta(hours=hours)

    def test_overseas_has_no_such_day(self):
        assert walls(date(2026, 3, 29), hours=self.NIGHT, zone=REUNION) == [
            "01:00", "01:45", "02:30", "03:15", "04:00",
        ]  # fmt: skip


ZONES = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "Indian/Reunion",
    "Indian/Mayotte",
)


@given(day=dates(date(2025, 1, 1), date(2030, 12, 31)), key=sampled_from(ZONES), first=times(), last=times())
@example(day=date(2026, 3, 29), key="Europe/Paris", first=time(0), last=time(6))
@example(day=date(2026, 10, 25), key="Europe/Paris", first=time(0), last=time(6))
@example(day=date(2026, 10, 25), key="Indian/Mayotte", first=time(0), last=time(23, 59))
def test_on_any_day_in_any_zone_each_slot_is_within_the_hours_and_none_overlap(day, key, first, last):
    """Kind: an hour that is right on usual days, and wrong on the two days of the clock change or overseas."""
    zone = ZoneInfo(key)
    begins, ends = sorted((first.replace(microsecond=0), last.replace(microsecond=0)))
    hours = Hours(weekly={day.weekday(): (Stretch(begins, ends),)})
    slots = starts_on(day, hours=hours, zone=zone)
    for starts in slots:
        here = starts.astimezone(zone)
        assert here.date() == day
        assert begins <= here.time() < ends
        assert starts + LENGTH <= datetime.combine(day, ends, zone).astimezone(UTC)
    assert all(later - earlier >= LENGTH for earlier, later in pairwise(slots))


@pytest.mark.parametrize("key", ZONES)
def test_a_morning_is_the_same_on_the_wall_all_year(key):
    zone = ZoneInfo(key)
    for day in (date(2026, 3, 27), date(2026, 3, 30), date(2026, 10, 23), date(2026, 10, 26)):
        assert walls(day, zone=zone)[:4] == ["09:00", "09:45", "10:30", "11:15"]


class TestOffer:
    def test_two_hours_of_notice(self):
        now = datetime(2026, 11, 24, 7, 1, tzinfo=UTC)  # 8 h 01 in Paris
        assert offered(now, date(2026, 11, 24))[0] == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        assert offered(now - timedelta(minutes=1), date(2026, 11, 24))[0] == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        assert offered(now - timedelta(minutes=16), date(2026, 11, 24))[0] == datetime(2026, 11, 24, 8, 45, tzinfo=UTC)

    def test_today_is_the_day_in_the_agencys_zone(self):
        now = datetime(2026, 11, 23, 22, tzinfo=UTC)  # already the 24th, 2 o'clock, in La Réunion
        assert offered(now, date(2026, 11, 24), zone=REUNION)[0] == datetime(2026, 11, 24, 5, tzinfo=UTC)

    def test_closed_days_are_left_out(self):
        now = datetime(2026, 11, 23, 20, tzinfo=UTC)
        days = {slot.date() for slot in offered(now, date(2026, 11, 27), closed={date(2026, 11, 25)})}
        assert days == {date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)}

    def test_a_fortnight_at_least_and_until_the_deadline_at_most(self):
        today = date(2026, 11, 24)
        assert horizon(today=today, due_on=None) == date(2026, 12, 8)
        assert horizon(today=today, due_on=date(2026, 11, 20)) == date(2026, 12, 8)
        assert horizon(today=today, due_on=date(2026, 12, 20)) == date(2026, 12, 20)

    def test_what_is_booked_takes_its_buffer_along(self):
        nine = datetime(2026, 11, 24, 8, tzinfo=UTC)
        booked = [Busy(nine, nine + timedelta(minutes=40))]
        assert not is_free(nine, booked)
        assert not is_free(nine + timedelta(minutes=39), booked)
        assert is_free(nine + timedelta(minutes=40), booked)
        assert not is_free(nine - timedelta(minutes=39), booked)
        assert is_free(nine - timedelta(minutes=40), booked)

    def test_alsace_and_moselle_have_two_more_holidays(self):
        saint_stephen, good_friday = date(2026, 12, 26), date(2026, 4, 3)
        for day in (saint_stephen, good_friday):
            assert is_public_holiday(day, "6AE")
            assert is_public_holiday(day, "57")
            assert not is_public_holiday(day, "")
        assert is_public_holiday(date(2026, 12, 25), "")
        assert is_public_holiday(date(2026, 12, 20), "974"), "20 December is a holiday in La Réunion"


class TestRoomMoment:
    STARTS = datetime(2026, 11, 24, 9, tzinfo=UTC)
    ENDS = STARTS + timedelta(minutes=30)

    @pytest.mark.parametrize(
        ("minutes", "moment"),
        [(-30.01, RoomMoment.EARLY), (-30, RoomMoment.OPEN), (89.9, RoomMoment.OPEN), (90, RoomMoment.OVER)],
    )
    def test_open_from_half_an_hour_before_to_an_hour_after(self, minutes, moment):
        now = self.STARTS + timedelta(minutes=minutes)
        assert room_moment(state=InterviewState.BOOKED, starts_at=self.STARTS, ends_at=self.ENDS, now=now) == moment

    def test_the_convocation_promises_the_minute_at_which_it_opens(self):
        """Kind: a letter with a delay of its own beside the rule."""
        promised = re.search(r"à partir de (\d+)\s+minutes avant l'heure", HOW_TO_JOIN[Channel.VIDEO])
        now = self.STARTS - timedelta(minutes=int(promised[1]))
        facts = {"state": InterviewState.BOOKED, "starts_at": self.STARTS, "ends_at": self.ENDS}
        assert room_moment(**facts, now=now) == RoomMoment.OPEN
        assert room_moment(**facts, now=now - timedelta(seconds=1)) == RoomMoment.EARLY

    @pytest.mark.parametrize("state", [state for state in InterviewState if state not in LIVE_STATES])
    def test_a_decision_closes_it(self, state):
        assert room_moment(state=state, starts_at=self.STARTS, ends_at=self.ENDS, now=self.STARTS) == RoomMoment.CLOSED


def test_what_is_closed_never_moves_again_but_for_an_absence_that_is_set_aside():
    assert set(INTERVIEW_TRANSITIONS) == set(InterviewState)
    for state, following in INTERVIEW_TRANSITIONS.items():
        if state == InterviewState.MISSED:
            assert following == {InterviewState.EXCUSED, InterviewState.INTERRUPTED}
        else:
            assert bool(following) == (state in OPEN_STATES)


def test_an_absence_is_reached_only_from_one_that_was_noted():
    assert [state for state, following in INTERVIEW_TRANSITIONS.items() if InterviewState.MISSED in following] == [
        InterviewState.NOTED
    ]


def test_a_convocation_that_came_too_late_proves_nothing():
    starts_at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    facts = {
        "is_obligatory": True,
        "starts_at": starts_at,
        "technical_failure_at": None,
        "arrived_at": None,
        "spoke_up_at": None,
        "adviser_came": True,
        "now": starts_at,
    }
    assert absence_obstacle(**facts, convocation_delivered_at=starts_at - timedelta(seconds=1)) is None
    assert absence_obstacle(**facts, convocation_delivered_at=starts_at)


def test_nobody_owes_an_appointment_that_they_took_freely():
    starts_at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    facts = {
        "starts_at": starts_at,
        "convocation_delivered_at": starts_at - timedelta(days=1),
        "technical_failure_at": None,
        "arrived_at": None,
        "spoke_up_at": None,
        "adviser_came": True,
        "now": starts_at,
    }
    assert absence_obstacle(**facts, is_obligatory=True) is None
    assert absence_obstacle(**facts, is_obligatory=False)


class TestBeingHeard:
    ZONE = ZoneInfo("Europe/Paris")
    UNTIL = end_of_answers(from_day=date(2026, 10, 20), days=15, zone=ZONE)
    TOLD = datetime(2026, 10, 20, 9, tzinfo=UTC)

    def test_the_last_day_counts_whole_also_over_the_change_of_the_clock(self):
        assert datetime(2026, 11, 5, tzinfo=self.ZONE) == self.UNTIL

    @pytest.mark.parametrize(
        ("change", "stands"),
        [({}, True), ({"now": UNTIL - timedelta(seconds=1)}, False), ({"told_at": None}, False)],
    )
    def test_without_an_answer_it_takes_the_whole_time_and_a_letter(self, change, stands):
        facts = {"answered_at": None, "told_at": self.TOLD, "answer_until": self.UNTIL, "now": self.UNTIL}
        assert (confirming_obstacle(**{**facts, **change}) is None) == stands

    def test_an_answer_is_enough(self):
        assert not confirming_obstacle(
            answered_at=self.TOLD, told_at=None, answer_until=self.UNTIL, now=self.TOLD + timedelta(minutes=1)
        )


class TestTurn:
    NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def test_the_log_in_is_what_coturn_computes(self):
        username, password = turn_login(secret="north", name="7-adviser", expires_at=self.NOW)
        assert username == f"{int(self.NOW.timestamp())}:7-adviser"
        assert password == base64.b64encode(hmac.digest(b"north", username.encode(), hashlib.sha1)).decode()

    def test_no_relay_no_server(self):
        assert ice_servers(relay=Relay([], [], ""), name="7", now=self.NOW) == []

    def test_without_the_secret_no_relay_is_named(self):
        servers = ice_servers(relay=Relay(["stun:a"], ["turn:a"], ""), name="7", now=self.NOW)
        assert servers == [{"urls": ["stun:a"]}]
