"""The database on people's requests: one open request of each kind, which is answered or taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accompaniment.models import OnSiteRequest, PlanRequest
from tests.accompaniment.factories import JobseekerFactory, UserFactory
from tests.accompaniment.refusals import refused

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


@pytest.mark.parametrize(
    ("model", "name", "answer"),
    [(PlanRequest, "plan_request", {"accepted": True}), (OnSiteRequest, "on_site_request", {})],
)
def test_what_is_taken_back_has_its_author_is_not_answered_and_leaves_room(
    model: Any, name: str, answer: dict[str, Any]
) -> None:
    person = JobseekerFactory(with_account=True)
    first = model.objects.create(jobseeker=person, asked_at=timezone.now())
    mine = model.objects.filter(pk=first.pk)
    now = timezone.now()
    for wrong in (
        {"withdrawn_at": now},
        {"withdrawn_by": person.user},
        {"withdrawn_at": first.asked_at - timedelta(seconds=1), "withdrawn_by": person.user},
        {"withdrawn_at": now, "withdrawn_by": person.user, "answered_at": now, "answered_by": person.user, **answer},
    ):
        with refused(f"{name}_withdrawn_or_answered"):
            mine.update(**wrong)
    mine.update(withdrawn_at=now, withdrawn_by=person.user)
    assert not model.objects.open().exists()
    second = model.objects.create(jobseeker=person, asked_at=timezone.now())
    assert model.objects.open().get() == second
