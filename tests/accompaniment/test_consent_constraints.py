"""The database on acceptances: a person has one that stands, and it is evidence that nobody can change."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accompaniment.models import Consent
from tests.accompaniment.factories import ConsentTextFactory, JobseekerFactory
from tests.accompaniment.refusals import refused
from tests.caseload.factories import on_web_track

pytestmark = pytest.mark.django_db


def test_one_that_stands_per_person() -> None:
    person, text, now = JobseekerFactory(), ConsentTextFactory(), timezone.now()
    first = Consent.objects.create(jobseeker=person, text=text, accepted_at=now)
    with refused("consent_one_standing"):
        Consent.objects.create(jobseeker=person, text=text, accepted_at=now)
    first.withdrawn_at = now
    first.save()
    Consent.objects.create(jobseeker=person, text=text, accepted_at=now)


@pytest.mark.parametrize(
    "change",
    [
        {"accepted_at": timezone.now() - timedelta(days=400)},
        {"shown": "Autre chose."},
        {"text": None},
        {"jobseeker": None},
    ],
)
def test_it_is_evidence_that_nobody_changes(change: dict[str, Any]) -> None:
    consent = Consent.objects.get(jobseeker=on_web_track())
    change = {
        name: value or {"text": ConsentTextFactory, "jobseeker": JobseekerFactory}[name]()
        for name, value in change.items()
    }
    stands = Consent.objects.filter(pk=consent.pk)
    with refused("can only be withdrawn"):
        stands.update(**change)
    with refused("can only be withdrawn"):
        stands.update(**change, withdrawn_at=timezone.now())
    stands.update(withdrawn_at=timezone.now())


def test_it_is_withdrawn_once_and_never_deleted() -> None:
    stands = Consent.objects.filter(pk=Consent.objects.get(jobseeker=on_web_track()).pk)
    with refused("append-only: DELETE"):
        stands._raw_delete("default")
    stands.update(withdrawn_at=timezone.now())
    for later in (timezone.now() + timedelta(days=1), None):
        with refused("can only be withdrawn"):
            stands.update(withdrawn_at=later)


def test_withdrawn_before_it_was_given() -> None:
    now = timezone.now()
    with refused("consent_in_order"):
        Consent.objects.create(
            jobseeker=JobseekerFactory(),
            text=ConsentTextFactory(),
            accepted_at=now,
            withdrawn_at=now - timedelta(seconds=1),
        )


def test_a_version_is_published_once() -> None:
    text = ConsentTextFactory()
    with refused("version"):
        ConsentTextFactory(version=text.version)
