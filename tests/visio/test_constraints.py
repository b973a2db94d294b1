"""What the database itself refuses, each row beside an accepted row that differs by one fact."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accompaniment.enums import Channel
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, noted_absence
from visio.enums import InterviewState, NextStep
from visio.models import (
    AbsenceAnswer,
    DayHours,
    Interview,
    InterviewEvent,
    InterviewReport,
    SlotInvitation,
    WorkingHours,
)
from visio.services import closing
from visio.services.missed import explain_absence

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=1)
LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than every test run. The rows are defined when the tests are collected, long before they run."""


def refused(name, act):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        act()


@pytest.fixture
def portfolio():
    return bookable_portfolio()


@pytest.fixture
def first(portfolio):
    return InterviewFactory(jobseeker=on_web_track(portfolio))


class TestOverlaps:
    @pytest.mark.parametrize("minutes", [0, 39, -39])
    def test_one_adviser_has_one_interview_at_a_time_buffer_included(self, portfolio, first, minutes):
        other = on_web_track(portfolio)
        starts_at = first.starts_at + minutes * MINUTES
        refused("interview_adviser_free", lambda: InterviewFactory(jobseeker=other, starts_at=starts_at))

    @pytest.mark.parametrize("minutes", [40, -40])
    def test_the_next_one_may_begin_when_the_buffer_ends(self, portfolio, first, minutes):
        InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=first.starts_at + minutes * MINUTES)

    def test_one_person_has_one_interview_at_a_time(self, first):
        other_adviser = bookable_portfolio().adviser
        again = {"jobseeker": first.jobseeker, "adviser": other_adviser}
        refused("interview_jobseeker_free", lambda: InterviewFactory(**again, starts_at=first.starts_at))
        InterviewFactory(**again, starts_at=first.occupies_until)

    @pytest.mark.parametrize("state", [InterviewState.BOOKED, InterviewState.IN_PROGRESS])
    def test_what_runs_holds_its_slot(self, portfolio, first, state):
        Interview.objects.filter(pk=first.pk).update(state=state)
        other = on_web_track(portfolio)
        refused("interview_adviser_free", lambda: InterviewFactory(jobseeker=other, starts_at=first.starts_at))

    def test_what_was_cancelled_frees_it(self, portfolio, first):
        Interview.objects.filter(pk=first.pk).update(state=InterviewState.CANCELLED, closed_at=timezone.now())
        InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=first.starts_at)

    def test_one_live_interview_per_obligation(self, portfolio):
        person = on_web_track(portfolio)
        obligation = due_obligation(person)
        first = InterviewFactory(jobseeker=person, obligation=obligation)
        later = first.starts_at + timedelta(days=1)
        again = {"jobseeker": person, "obligation": obligation, "starts_at": later}
        refused("interview_one_live_per_obligation", lambda: InterviewFactory(**again))
        Interview.objects.filter(pk=first.pk).update(state=InterviewState.CANCELLED, closed_at=timezone.now())
        InterviewFactory(**again)


class TestStates:
    @pytest.mark.parametrize("state", [InterviewState.HELD, InterviewState.EXCUSED, InterviewState.INTERRUPTED])
    def test_a_decision_has_its_person(self, first, state):
        now = timezone.now()
        facts = {"state": state, "closed_at": now}
        if state == InterviewState.INTERRUPTED:
            facts["technical_failure_at"] = now
        rows = Interview.objects.filter(pk=first.pk)
        refused("interview_closed_by_someone", lambda: rows.update(**facts))
        rows.update(**facts, closed_by=first.adviser.user)

    @pytest.mark.parametrize(
        "gap",
        [
            {"convocation_delivered_at": None},
            {"convocation_delivered_at": LONG_AFTER},
            {"obligation": None},
            {"technical_failure_at": LONG_AFTER},
            {"arrived_at": LONG_AFTER},
            {"spoke_up_at": LONG_AFTER},
        ],
        ids=lambda gap: str(*gap),
    )
    @pytest.mark.parametrize("state", [InterviewState.NOTED, InterviewState.MISSED])
    def test_an_absence_rests_on_every_proof(self, gap, state):
        """It needs an obligation, a convocation delivered in time, no failure, no answer, and nobody in the room."""
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="Train supprimé.")
        rows = Interview.objects.filter(pk=noted.pk)
        facts = {"state": state}
        if state == InterviewState.MISSED:
            facts |= {"closed_at": timezone.now(), "closed_by": noted.adviser.user}
        refused("interview_absence_needs_proof", lambda: rows.update(**facts, **gap))
        rows.update(**facts)

    def test_an_absence_is_noted_by_a_named_person_with_time_to_answer(self):
        noted = noted_absence()
        rows = Interview.objects.filter(pk=noted.pk)
        for gap in ({"noted_by": None}, {"answer_until": None}, {"answer_until": noted.noted_at}):
            refused("interview_absence_noted_by_someone", lambda gap=gap: rows.update(**gap))
        rows.update(answer_until=noted.noted_at + MINUTES)

    def test_nobody_confirms_an_absence_unheard(self):
        """It needs an answer, or an e-mail that arrived and the end of the time to explain."""
        noted = noted_absence()
        rows = Interview.objects.filter(pk=noted.pk)
        kept = {"state": InterviewState.MISSED, "closed_by": noted.adviser.user}
        early, late = noted.answer_until - timedelta(seconds=1), noted.answer_until
        refused("interview_absence_heard", lambda: rows.update(**kept, closed_at=early))
        refused("interview_absence_heard", lambda: rows.update(**kept, closed_at=late, told_at=None))
        with transaction.atomic():
            rows.update(**kept, closed_at=late)
            transaction.set_rollback(True)
        rows.update(**kept, closed_at=early, answered_at=early)

    def test_a_decision_on_an_absence_has_a_reason_and_a_name(self):
        noted = noted_absence()
        event = {"interview": noted, "at": timezone.now(), "from_state": "noted", "to_state": "missed"}
        full = {"reason": "Sans explication.", "actor": noted.adviser.user}
        for gap in ({"reason": ""}, {"actor": None}):
            refused(
                "interview_absence_decided_with_reason",
                lambda gap=gap: InterviewEvent.objects.create(**event, **{**full, **gap}),
            )
        InterviewEvent.objects.create(**event, **full)

    def test_interrupted_is_a_technical_failure(self, first):
        now = timezone.now()
        rows = Interview.objects.filter(pk=first.pk)
        facts = {"state": InterviewState.INTERRUPTED, "closed_at": now, "closed_by": first.adviser.user}
        refused("interview_interrupted_by_failure", lambda: rows.update(**facts))
        rows.update(**facts, technical_failure_at=now)

    def test_chat_is_no_channel(self, first):
        rows = Interview.objects.filter(pk=first.pk)
        refused("interview_channel", lambda: rows.update(channel=Channel.CHAT))
        rows.update(channel=Channel.PHONE)

    def test_time_runs_forward(self, first):
        rows = Interview.objects.filter(pk=first.pk)
        refused("interview_in_order", lambda: rows.update(ends_at=first.starts_at))
        refused("interview_in_order", lambda: rows.update(occupies_until=first.ends_at - MINUTES))


class TestHistories:
    @pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
    def test_events_reports_and_answers_are_never_changed(self, first, statement):
        closing.close_interview(
            actor=first.adviser.user, interview=first, conclusions="Fait.", next_step=NextStep.CONTINUE
        )
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="Train supprimé.")
        for model in (InterviewEvent, InterviewReport, AbsenceAnswer):
            table = model._meta.db_table
            with (
                pytest.raises(IntegrityError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(table))

    def test_an_obligation_is_invited_once(self, portfolio):
        person = on_web_track(portfolio)
        invitation = {"obligation": due_obligation(person), "jobseeker": person, "invited_at": timezone.now()}
        SlotInvitation.objects.create(**invitation)
        refused("obligation_id", lambda: SlotInvitation.objects.create(**invitation))


def test_hours_begin_before_they_end(portfolio):
    hours = WorkingHours.objects.filter(adviser=portfolio.adviser).first()
    rows = WorkingHours.objects.filter(pk=hours.pk)
    refused("working_hours_in_order", lambda: rows.update(ends_at=hours.starts_at))
    refused("working_hours_weekday", lambda: rows.update(weekday=7))
    refused("working_hours_channels", lambda: rows.update(channels=[]))
    refused("working_hours_channels", lambda: rows.update(channels=["chat"]))


def test_hours_of_one_weekday_never_overlap(portfolio):
    """9 to 12 and 13 to 17 are there already. What only touches them is no overlap."""
    own = WorkingHours.objects.filter(adviser=portfolio.adviser)
    wider = {"adviser": portfolio.adviser, "weekday": 0, "starts_at": time(11, 59), "ends_at": time(13)}
    refused("working_hours_apart", lambda: WorkingHours.objects.create(**wider))
    refused("working_hours_apart", lambda: own.filter(weekday=0, starts_at=time(13)).update(starts_at=time(10)))
    WorkingHours.objects.create(**{**wider, "starts_at": time(12)})


def test_a_day_is_closed_or_has_hours_that_never_overlap(portfolio):
    def on_day(**fields):
        DayHours.objects.create(adviser=portfolio.adviser, day=date(2026, 12, 2), **fields)

    morning = {"starts_at": time(9), "ends_at": time(12), "channels": ["video"]}
    for wrong in ({"ends_at": None}, {"channels": []}, {"ends_at": time(9)}):
        refused("day_hours_open_or_closed", lambda wrong=wrong: on_day(**{**morning, **wrong}))
    refused("day_hours_open_or_closed", lambda: on_day(channels=["video"]))
    refused("day_hours_channels", lambda: on_day(**{**morning, "channels": ["chat"]}))
    on_day(**morning)
    refused("day_hours_apart", on_day)
    refused("day_hours_apart", lambda: on_day(**{**morning, "starts_at": time(11), "ends_at": time(13)}))
    on_day(**{**morning, "starts_at": time(12), "ends_at": time(13)})


class TestTheEndOfACall:
    @pytest.mark.parametrize("missing", ["admitted_at", "call_ended_at", "call_ended_by"])
    def test_it_names_who_ended_a_call_that_had_begun(self, first, missing):
        now = timezone.now()
        facts = {"admitted_at": now - MINUTES, "call_ended_at": now, "call_ended_by": first.adviser.user}
        refused(
            "interview_call_ended_by_someone",
            lambda: Interview.objects.filter(pk=first.pk).update(**facts | {missing: None}),
        )
        assert Interview.objects.filter(pk=first.pk).update(**facts) == 1

    def test_it_comes_after_the_beginning(self, first):
        now = timezone.now()
        facts = {"admitted_at": now, "call_ended_by": first.adviser.user}
        refused(
            "interview_call_ended_by_someone",
            lambda: Interview.objects.filter(pk=first.pk).update(call_ended_at=now - MINUTES, **facts),
        )
        assert Interview.objects.filter(pk=first.pk).update(call_ended_at=now, **facts) == 1
