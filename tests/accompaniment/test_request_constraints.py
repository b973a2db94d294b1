"""What a person asks for, against the database itself: one open request of each kind, answered by somebody."""

from typing import Any

import pytest
from django.utils import timezone

from accompaniment.models import OnSiteRequest, PlanRequest
from tests.accompaniment.factories import JobseekerFactory, UserFactory
from tests.accompaniment.test_constraints import refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "name", "answer"),
    [(PlanRequest, "plan_request", {"accepted": True}), (OnSiteRequest, "on_site_request", {})],
)
def test_one_is_open_and_an_answer_has_its_author(model: Any, name: str, answer: dict[str, Any]) -> None:
    person = JobseekerFactory()
    first = model.objects.create(jobseeker=person, asked_at=timezone.now())
    with refused(f"{name}_one_open"):
        model.objects.create(jobseeker=person, asked_at=timezone.now())
    mine = model.objects.filter(pk=first.pk)
    with refused(f"{name}_answered_by_someone"):
        mine.update(answered_at=timezone.now(), **answer)
    mine.update(answered_at=timezone.now(), answered_by=UserFactory(), **answer)
    model.objects.create(jobseeker=person, asked_at=timezone.now())
