"""An absence is noted, explained and decided by several people at once. With controls without the guards."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.rules.errors import NotAllowedNowError
from caseload.models import Portfolio
from tests.accompaniment.factories import answer_delay
from tests.caseload.factories import ManagerFactory, on_web_track
from tests.concurrency.threads import at_once
from tests.visio.factories import bookable_portfolio, missed_interview, noted_absence
from visio.enums import AbsenceDecision, InterviewState
from visio.models import AbsenceAnswer, Interview, InterviewEvent
from visio.services.missed import decide_absence, explain_absence, note_absence
from visio.services.room import report_technical_failure

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def noted(portfolio: Portfolio) -> Interview:
    interview = noted_absence(on_web_track(portfolio))
    explain_absence(actor=interview.jobseeker.user, interview=interview, text="J'avais oublié.")
    return interview


def refused(act):
    def tried() -> str:
        try:
            act()
        except NotAllowedNowError:
            return "refused"
        return "done"

    return tried


def confirm(actor, interview):
    return refused(
        lambda: decide_absence(
            actor=actor, interview=interview, decision=AbsenceDecision.KEPT, reason="Sans motif.", seen={"answers": "1"}
        )
    )


def test_an_explanation_at_the_moment_of_the_decision_is_read_or_refused(noted: Interview) -> None:
    explained, decided = at_once(
        refused(lambda: explain_absence(actor=noted.jobseeker.user, interview=noted, text="Ma fille était malade.")),
        confirm(noted.adviser.user, noted),
    )
    noted.refresh_from_db()
    assert {explained, decided} == {"done", "refused"}
    assert noted.state == (InterviewState.MISSED if decided == "done" else InterviewState.NOTED)
    late = AbsenceAnswer.objects.filter(interview=noted).count() == 2
    assert late == (decided == "refused"), "nobody decided without having read the explanation"


def test_without_the_locks_an_absence_is_decided_over_an_explanation_that_nobody_read(noted: Interview) -> None:
    """The control: both check before either writes."""
    both_have_looked = Barrier(2, timeout=5)

    def explain_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=noted.pk).state == InterviewState.NOTED
            both_have_looked.wait()
            AbsenceAnswer.objects.create(
                interview=noted, jobseeker=noted.jobseeker, at=timezone.now(), text="Ma fille était malade."
            )
            return True

    def decide_unguarded() -> bool:
        with transaction.atomic():
            assert noted.absence_answers.count() == 1
            both_have_looked.wait()
            return bool(
                Interview.objects.filter(pk=noted.pk).update(
                    state=InterviewState.MISSED, closed_at=timezone.now(), closed_by=noted.adviser.user
                )
            )

    assert at_once(explain_unguarded, decide_unguarded) == [True, True]
    assert AbsenceAnswer.objects.filter(interview=noted).count() == 2


def test_of_two_who_decide_at_once_one_does(noted: Interview) -> None:
    manager = ManagerFactory(regions=[noted.adviser.agency.region]).user
    results = at_once(confirm(noted.adviser.user, noted), confirm(manager, noted))
    assert sorted(results) == ["done", "refused"]
    assert InterviewEvent.objects.filter(interview=noted, to_state=InterviewState.MISSED).count() == 1


def test_without_the_lock_two_decisions_stand(noted: Interview) -> None:
    """The control: both decisions are checked before either is written."""
    both_have_looked = Barrier(2, timeout=5)

    def decide_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=noted.pk).state == InterviewState.NOTED
            both_have_looked.wait()
            InterviewEvent.objects.create(
                interview=noted,
                at=timezone.now(),
                actor=noted.adviser.user,
                from_state=InterviewState.NOTED,
                to_state=InterviewState.MISSED,
                reason="Sans motif.",
            )
            return True

    assert at_once(decide_unguarded, decide_unguarded) == [True, True]
    assert InterviewEvent.objects.filter(interview=noted, to_state=InterviewState.MISSED).count() == 2


def test_a_technical_failure_that_is_reported_as_an_absence_is_noted_is_never_both(portfolio: Portfolio) -> None:
    answer_delay()
    missed = missed_interview(on_web_track(portfolio))
    noted, reported = at_once(
        refused(lambda: note_absence(actor=missed.adviser.user, interview=missed)),
        refused(lambda: report_technical_failure(actor=missed.jobseeker.user, interview=missed, note="Pas de son")),
    )
    missed.refresh_from_db()
    # A report is always taken: it sets aside an absence that was noted a moment before.
    assert reported == "done"
    assert missed.technical_failure_at is not None
    assert missed.state == (InterviewState.INTERRUPTED if noted == "done" else InterviewState.BOOKED)


def test_without_lock_and_check_it_is_both(portfolio: Portfolio) -> None:
    """The control: both acts are checked before either is written."""
    answer_delay()
    missed = missed_interview(on_web_track(portfolio))
    both_have_looked = Barrier(2, timeout=5)

    def note_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=missed.pk).technical_failure_at is None
            both_have_looked.wait()
            now = timezone.now()
            facts = {"noted_at": now, "noted_by": missed.adviser.user, "answer_until": now + timedelta(days=15)}
            return bool(Interview.objects.filter(pk=missed.pk).update(state=InterviewState.NOTED, **facts))

    def report_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=missed.pk).state == InterviewState.BOOKED
            both_have_looked.wait()
            return bool(Interview.objects.filter(pk=missed.pk).update(technical_failure_at=timezone.now()))

    name = "interview_absence_needs_proof"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE visio_interview DROP CONSTRAINT {name}")
    try:
        assert at_once(note_unguarded, report_unguarded) == [True, True]
        missed.refresh_from_db()
        assert missed.state == InterviewState.NOTED
        assert missed.technical_failure_at is not None
    finally:
        Interview.objects.filter(pk=missed.pk).update(technical_failure_at=None)
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE visio_interview ADD CONSTRAINT {name} {definition}")
