"""Doubts about the web track at the registration interview: shown when it is chosen, without forbidding it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accompaniment.enums import Bandwidth, EnrolmentState
from accompaniment.models import DeviceCheck, Enrolment, Region
from caseload.models import Portfolio
from tests.caseload.factories import volunteer
from tests.caseload.registration.page import address, answers, base_of

pytestmark = pytest.mark.django_db

SENTENCES = {
    "has_webcam": "elle ne dispose pas d'une webcam",
    "bandwidth": "elle n'a pas d'accès à internet",
    "at_ease": "elle n'est pas à l'aise",
    "": "son test du matériel a trouvé un problème",
}


@pytest.fixture
def enrolment(portfolio: Portfolio) -> Enrolment:
    return volunteer(portfolio)


def warned(adviser: Client, enrolment: Enrolment, **differing: Any) -> set[str]:
    """Return the fields of the doubts that the page shows after these answers were saved."""
    typed = answers(base=base_of(adviser, enrolment), **differing)
    assert adviser.post(address(enrolment, "registration_draft"), typed).status_code == 302
    page = adviser.get(address(enrolment)).content.decode().replace("&#x27;", "'")
    notice = page[page.index('id="web-doubts"') : page.index("Vous pouvez quand même conclure.")]
    if re.search(r'class="fr-alert[^"]*" hidden', notice):
        return set()
    lines = re.findall(r'<li data-doubt="(\w*)" data-doubt-value="\w*"( hidden)?>([^<]+)</li>', notice)
    assert all(SENTENCES[field] in sentence for field, _, sentence in lines)
    return {field for field, hidden, _ in lines if not hidden}


def has_tried(enrolment: Enrolment, *, connection: Bandwidth) -> None:
    DeviceCheck.objects.create(
        jobseeker=enrolment.jobseeker, at=timezone.now(), camera=True, microphone=True, connection=connection
    )


@pytest.mark.parametrize(
    ("field", "value"), [("has_webcam", "non"), ("bandwidth", Bandwidth.NONE.value), ("at_ease", "non")]
)
def test_each_answer_is_held_against_the_web_alone(
    adviser: Client, enrolment: Enrolment, field: str, value: str
) -> None:
    assert warned(adviser, enrolment) == set()
    assert warned(adviser, enrolment, **{field: value}) == {field}
    assert warned(adviser, enrolment, **{field: value, "track": "classique"}) == set()


@pytest.mark.parametrize(("connection", "fields"), [(Bandwidth.GOOD, set()), (Bandwidth.POOR, {""})])
def test_a_test_that_failed_is_too(
    adviser: Client, enrolment: Enrolment, connection: Bandwidth, fields: set[str]
) -> None:
    has_tried(enrolment, connection=connection)
    assert warned(adviser, enrolment) == fields


def test_nothing_is_said_of_a_track_that_cannot_be_chosen(adviser: Client, enrolment: Enrolment) -> None:
    assert warned(adviser, enrolment, at_ease="non") == {"at_ease"}
    Region.objects.update(web_opens_on=None)
    assert warned(adviser, enrolment, at_ease="non") == set()


def test_none_of_them_forbids_the_validation(adviser: Client, enrolment: Enrolment, portfolio: Portfolio) -> None:
    has_tried(enrolment, connection=Bandwidth.NONE)
    against = {"has_webcam": "non", "bandwidth": Bandwidth.NONE.value, "at_ease": "non"}
    assert warned(adviser, enrolment, **against) == {"", *against}
    assert adviser.post(address(enrolment), answers(portfolio, **against)).status_code == 302
    assert Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.VALIDATED
