"""A technical problem is accepted from either side until 24 hours after the interview, whatever was noted meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification
from accompaniment.rules.errors import NotAllowedNowError
from tests.accompaniment.factories import answer_delay
from tests.visio.factories import InterviewFactory, missed_interview
from visio.enums import AbsenceDecision, InterviewState, NextStep
from visio.models import Interview
from visio.services.closing import close_interview
from visio.services.interviews import cancel_interview
from visio.services.missed import decide_absence, explain_absence, let_pass, note_absence
from visio.services.room import report_technical_failure

pytestmark = pytest.mark.django_db

DAY = timedelta(hours=24)
BEGINS = {
    "an ordinary day": datetime(2026, 3, 16, 9, 30, tzinfo=UTC),
    "the day before summer time": datetime(2026, 3, 28, 9, 30, tzinfo=UTC),
    "the day before winter time": datetime(2026, 10, 24, 8, 30, tzinfo=UTC),
}
"""On the days of a clock change, 24 hours later is another hour of the wall clock."""


def sides(interview: Interview):
    return (interview.jobseeker.user, interview.adviser.user)


@pytest.mark.parametrize("starts_at", BEGINS.values(), ids=BEGINS)
def test_both_bounds_for_both_sides(starts_at: datetime) -> None:
    with time_machine.travel(starts_at - timedelta(days=1), tick=False) as clock:
        for number in (0, 1):
            interview = InterviewFactory(starts_at=starts_at)
            actor = sides(interview)[number]
            for early, late in (
                (starts_at - timedelta(minutes=30, seconds=1), False),
                (interview.ends_at + DAY + timedelta(seconds=1), False),
                (interview.ends_at + DAY, True),
            ):
                clock.move_to(early)
                if late:
                    report_technical_failure(actor=actor, interview=interview, note="")
                else:
                    with pytest.raises(NotAllowedNowError, match="24"):
                        report_technical_failure(actor=actor, interview=interview, note="")
            interview.refresh_from_db()
            assert interview.technical_failure_at == interview.ends_at + DAY
            assert interview.state == InterviewState.BOOKED
            other = InterviewFactory(starts_at=starts_at)
            clock.move_to(starts_at - timedelta(minutes=30))
            assert (
                report_technical_failure(actor=sides(other)[number], interview=other, note="").technical_failure_at
                == timezone.now()
            )


def noted(interview: Interview) -> None:
    note_absence(actor=interview.adviser.user, interview=interview)


def confirmed(interview: Interview) -> None:
    noted(interview)
    explain_absence(actor=interview.jobseeker.user, interview=interview, text="Mon train.")
    decide_absence(
        actor=interview.adviser.user,
        interview=interview,
        decision=AbsenceDecision.KEPT,
        reason="Sans motif.",
        seen={"answers": "1"},
    )


@pytest.mark.parametrize("meanwhile", [noted, confirmed])
@pytest.mark.parametrize("number", [0, 1], ids=["person", "adviser"])
def test_it_sets_an_absence_aside_with_the_way_on(meanwhile, number: int) -> None:
    answer_delay()
    missed = missed_interview()
    meanwhile(missed)
    actor = sides(missed)[number]
    report_technical_failure(actor=actor, interview=missed, note="")
    missed.refresh_from_db()
    assert (missed.state, missed.closed_by) == (InterviewState.INTERRUPTED, actor)
    last = missed.last_decision()
    assert last is not None
    assert (last.actor, last.reason) == (actor, "Un problème technique a été signalé\u00a0: ce n'est pas une absence.")
    assert Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT, key__endswith=f":after:{missed.pk}").exists()


def held(interview: Interview) -> None:
    close_interview(actor=interview.adviser.user, interview=interview, conclusions="Bien", next_step=NextStep.CONTINUE)


def passed(interview: Interview) -> None:
    let_pass(actor=interview.adviser.user, interview=interview)


@pytest.mark.parametrize("meanwhile", [held, passed])
def test_beside_another_outcome_it_only_stands(meanwhile) -> None:
    interview = missed_interview()
    meanwhile(interview)
    state = Interview.objects.get(pk=interview.pk).state
    first = report_technical_failure(actor=interview.jobseeker.user, interview=interview, note="Son")
    report_technical_failure(actor=interview.adviser.user, interview=interview, note="Image")
    interview.refresh_from_db()
    assert interview.state == state
    assert interview.technical_failure_at == first.technical_failure_at
    assert interview.technical_failure_note == "Son"


def test_an_interview_that_was_cancelled_has_no_failure() -> None:
    interview = InterviewFactory()
    cancel_interview(actor=interview.jobseeker.user, interview=interview)
    with pytest.raises(NotAllowedNowError):
        report_technical_failure(actor=interview.jobseeker.user, interview=interview, note="")


def test_the_page_after_the_interview_has_one_press_for_it_until_it_is_reported_or_too_late(client: Client) -> None:
    answer_delay()
    interview = missed_interview()
    noted(interview)
    room, act = (reverse(name, args=[interview.token]) for name in ("room", "room_trouble"))
    client.force_login(interview.jobseeker.user)
    assert act in client.get(room).content.decode()
    assert "Signaler un problème technique" in client.get(reverse("my_interviews")).content.decode()
    with time_machine.travel(interview.ends_at + DAY + timedelta(seconds=1), tick=False):
        client.force_login(interview.jobseeker.user)
        assert act not in client.get(room).content.decode()
    client.force_login(interview.jobseeker.user)
    page = client.post(act, follow=True).content.decode()
    assert act not in page
    assert "ce n&#x27;est pas une absence" in page or "ce n'est pas une absence" in page
