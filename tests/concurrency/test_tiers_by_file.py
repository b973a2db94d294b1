"""A file changes the tier at the moment when the person leaves the web track: the track ends once."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accompaniment.enums import EnrolmentState, LeavingReason, NotificationKind, Tier, Track
from accompaniment.models import Accompaniment, Enrolment, EnrolmentEvent, Jobseeker, Notification
from accompaniment.rules.imports.outcome import JobseekerOutcome
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.imports import load_jobseekers, statements
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import on_web_track
from tests.concurrency.threads import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Jobseeker:
    """A person on the web track who is in a file."""
    person = on_web_track(identifier="1234567A", email="eloise.aubrac@courriel.example")
    load(person, Tier.GUIDE)
    return person


def load(person: Jobseeker, tier: Tier) -> JobseekerOutcome:
    row = registration(person.agency, volontaire_web="N", modalite=tier.value)
    return load_jobseekers(actor=None, source=as_file(row))


def in_thread(person: Jobseeker) -> JobseekerOutcome:
    try:
        return load(person, Tier.SUIVI)
    finally:
        connection.close()


def loaded_while_leaving(person: Jobseeker) -> "Future[JobseekerOutcome]":
    """Load the file while the person's leaving is written and not yet committed."""
    with ThreadPoolExecutor(1) as worker, transaction.atomic():
        leave_track(actor=person.user, jobseeker=person)
        loading = worker.submit(in_thread, person)
        until_somebody_waits()
    return loading


def test_the_track_ends_once_and_the_tier_changes(person: Jobseeker) -> None:
    outcome = loaded_while_leaving(person).result()
    assert outcome.changes() == {"tier_changes": 1, "web_ends": 0, "region_changes": 0}
    assert Enrolment.objects.get().leaving_reason == LeavingReason.BY_REQUEST
    assert EnrolmentEvent.objects.filter(to_state=EnrolmentState.ENDED).count() == 1
    period = Accompaniment.objects.current().get(jobseeker=person)
    assert (period.tier, period.track) == (Tier.SUIVI, Track.CLASSIC)
    told = Notification.objects.get(kind=NotificationKind.TIER_CHANGED)
    assert told.context["track_ended"] is False
    call_command("check_invariants")


def test_without_the_lock_the_file_would_end_what_has_ended(person: Jobseeker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nobody locks the people of the file, and the guards of the database refuse the whole file."""
    monkeypatch.setattr(statements, "LOCK_TOUCHED", "SELECT 1")
    assert loaded_while_leaving(person).exception() is not None
    period = Accompaniment.objects.current().get(jobseeker=person)
    assert (period.tier, period.track) == (Tier.GUIDE, Track.CLASSIC)
    call_command("check_invariants")
