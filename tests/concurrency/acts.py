"""Acts that races are made of, and checks to run after each race."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Barrier
from typing import Any

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel, EnrolmentState
from accompaniment.models import Enrolment, EnrolmentEvent, Jobseeker, User
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.services.enrolments.interview import open_registration_interview
from caseload.models import Placement, Portfolio, TransferBatch
from caseload.reads.invariants import CASELOAD_CHECKS
from caseload.services.moves.transfers import transfer_people
from caseload.services.moves.waiting_list import place_waiting
from caseload.services.registration.decisions import validate_at_interview
from tests.caseload.factories import ManagerFactory, findings
from tests.visio.factories import first_slots, follower
from visio.models import Interview
from visio.services.interviews import book_interview


def book(person: Jobseeker, slot: datetime | None = None) -> Interview:
    starts_at = slot or first_slots(person)[0]
    return book_interview(
        actor=person.user, jobseeker=person, adviser=follower(person), starts_at=starts_at, channel=Channel.VIDEO
    )


def validation(enrolment: Enrolment, portfolio: Portfolio, actor: User | None = None) -> Callable[[], Any]:
    """Return the act of validating an enrolment whose interview has already begun."""
    adviser = actor or portfolio.adviser.user
    interview = open_registration_interview(actor=adviser, jobseeker=enrolment.jobseeker)
    return partial(
        validate_at_interview,
        actor=adviser,
        enrolment=enrolment,
        interview=interview,
        findings=findings(),
        portfolio=portfolio,
    )


def decide_unguarded(enrolment: Enrolment, both_have_looked: Barrier, **decision: Any) -> Callable[[], bool]:
    """Return the act of deciding on an enrolment that was read without its lock; it returns what it read."""

    def act() -> bool:
        with transaction.atomic():
            undecided = Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.ASKED
            both_have_looked.wait()
            Enrolment.objects.filter(pk=enrolment.pk).update(closed_at=timezone.now(), **decision)
            EnrolmentEvent.objects.create(
                enrolment=enrolment, at=timezone.now(), from_state=EnrolmentState.ASKED, to_state=decision["state"]
            )
            return undecided

    return act


def decided_twice(enrolment: Enrolment) -> None:
    """Check that one decision stands although the history has two."""
    decisions = EnrolmentEvent.objects.filter(enrolment=enrolment, from_state=EnrolmentState.ASKED)
    assert decisions.count() == 2
    enrolment.refresh_from_db()
    assert decisions.exclude(to_state=enrolment.state).count() == 1


def nothing_is_broken() -> bool:
    return [breach for check in (*GROUND_CHECKS, *CASELOAD_CHECKS) for breach in check()] == []


def placing(person: Jobseeker, portfolio: Portfolio) -> Callable[[], Placement]:
    """Return the act of a manager who takes a person off the waiting list."""
    return partial(place_waiting, actor=ManagerFactory().user, jobseeker=person, portfolio=portfolio)


def decision(person: Jobseeker, target: Portfolio) -> partial[TransferBatch]:
    """Return the act of a national manager whose page shows the person's present placement."""
    return partial(
        transfer_people,
        actor=ManagerFactory().user,
        people=list(Placement.objects.open().filter(jobseeker=person)),
        targets=[target],
        reason="Renfort",
    )


def open_places(person: Jobseeker) -> list[int]:
    return list(Placement.objects.open().filter(jobseeker=person).values_list("portfolio", flat=True))
