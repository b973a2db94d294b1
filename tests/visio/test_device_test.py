"""The page of the device test: its result is stored, and the adviser sees it beside today's interview."""

import html
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Bandwidth, BoundedAct, Channel
from accompaniment.models import DeviceCheck, Jobseeker
from accompaniment.services.bounds import bound_of
from accompaniment.services.equipment import record_device_check
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.django_db

RESULT = {
    "camera": "on",
    "microphone": "on",
    "connection": "bon",
    "round_trip_ms": "42",
    "device": "Firefox, Linux",
}


def send(client: Client, **differing: str) -> Any:
    return client.post(reverse("device_test_result"), {**RESULT, **differing})


@pytest.fixture
def person(client: Client) -> Jobseeker:
    jobseeker = JobseekerFactory(with_account=True)
    client.force_login(jobseeker.user)
    return jobseeker


def test_the_result_is_kept_and_said(client: Client, person: Jobseeker) -> None:
    answer = send(client)
    assert "votre conseiller le verra" in answer.content.decode()
    check = DeviceCheck.objects.get(jobseeker=person)
    assert (check.camera, check.microphone, check.connection) == (True, True, Bandwidth.GOOD)
    assert (check.round_trip_ms, check.device) == (42, "Firefox, Linux")
    assert "Dernier test enregistré le" in client.get(reverse("device_test")).content.decode()


@pytest.mark.parametrize(
    "nonsense", [{"connection": "rapide"}, {"round_trip_ms": "-1"}, {"round_trip_ms": "vite"}, {"device": "x" * 121}]
)
def test_nonsense_is_refused_with_a_sentence(client: Client, person: Jobseeker, nonsense: dict[str, str]) -> None:
    answer = send(client, **nonsense)
    assert answer.status_code == 422
    assert "refaites le test" in answer.content.decode()
    assert not DeviceCheck.objects.exists()


def test_the_twenty_first_of_a_day_is_refused_with_a_sentence(client: Client, person: Jobseeker) -> None:
    for number in range(bound_of(BoundedAct.DEVICE_TESTS, day=timezone.localdate()).most):
        assert send(client, camera="on" if number % 2 else "").status_code == 200
    answer = send(client, camera="")
    assert answer.status_code == 409
    assert "réessayez demain" in answer.content.decode()


class TestToday:
    @pytest.fixture
    def interview(self) -> Interview:
        portfolio = PortfolioFactory()
        interview: Interview = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=timezone.now())
        return interview

    def page(self, client: Client, interview: Interview) -> str:
        client.force_login(interview.adviser.user)
        return html.unescape(client.get(reverse("panel_today")).content.decode())

    def test_says_whether_the_person_has_tested(self, client: Client, interview: Interview) -> None:
        person = interview.jobseeker
        assert "Test du matériel\u00a0: pas encore fait" in self.page(client, interview)
        good: dict[str, Any] = {"camera": True, "microphone": True, "connection": Bandwidth.GOOD}
        record_device_check(actor=person.user, jobseeker=person, **good)
        assert "Test du matériel\u00a0: réussi le" in self.page(client, interview)
        record_device_check(actor=person.user, jobseeker=person, **{**good, "microphone": False})
        assert "pas de son" in self.page(client, interview)
        by_choice = {**good, "microphone": False, "without_microphone": True}
        record_device_check(actor=person.user, jobseeker=person, **by_choice)
        page = self.page(client, interview)
        assert "sans micro par choix" in page
        assert "pas de son" not in page

    def test_says_nothing_of_it_where_no_picture_is_needed(self, client: Client, interview: Interview) -> None:
        Interview.objects.filter(pk=interview.pk).update(channel=Channel.PHONE)
        assert "Test du matériel" not in self.page(client, interview)


def test_the_person_s_page_says_it_too(client: Client) -> None:
    person = on_web_track(PortfolioFactory())
    client.force_login(person.placements.get(ended_at=None).portfolio.adviser.user)
    address = reverse("panel_person_interviews", args=[person.pk])
    assert "pas encore fait" in client.get(address).content.decode()
    record_device_check(
        actor=person.user, jobseeker=person, camera=False, microphone=True, connection=Bandwidth.GOOD, round_trip_ms=31
    )
    page = html.unescape(client.get(address).content.decode())
    for part in ("à reprendre", "pas d'image", "31\u00a0ms"):
        assert part in page


def test_who_uses_no_microphone_is_ready_and_the_adviser_reads_so(client: Client) -> None:
    person = on_web_track(PortfolioFactory())
    client.force_login(person.user)
    answer = send(client, microphone="", without_microphone="on")
    assert "votre conseiller le verra" in answer.content.decode()
    check = DeviceCheck.objects.get(jobseeker=person)
    assert check.carries_video
    client.force_login(person.placements.get(ended_at=None).portfolio.adviser.user)
    page = html.unescape(client.get(reverse("panel_person_interviews", args=[person.pk])).content.decode())
    assert "n'en utilise pas, par choix" in page
    assert "pas de son" not in page


def test_nobody_has_a_microphone_and_goes_without(person: Jobseeker) -> None:
    facts: dict[str, Any] = {"jobseeker": person, "at": timezone.now(), "camera": True, "connection": Bandwidth.GOOD}
    with pytest.raises(IntegrityError, match="device_check_microphone_or_none"), transaction.atomic():
        DeviceCheck.objects.create(**facts, microphone=True, without_microphone=True)
    DeviceCheck.objects.create(**facts, microphone=False, without_microphone=True)
