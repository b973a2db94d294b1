"""The records of a person's own test of camera, microphone and connection."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.utils import timezone

from accompaniment.enums import AuditAction, Bandwidth, BoundedAct, NotificationKind
from accompaniment.models import AuditEntry, DeviceCheck, Jobseeker, Notification
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.bounds import bound_of
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.services.equipment import record_device_check, send_device_test_link
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory
from tests.caseload.factories import registrar

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"camera": True, "microphone": True, "connection": Bandwidth.GOOD}


@pytest.fixture
def person() -> Jobseeker:
    return JobseekerFactory(with_account=True)


def test_a_test_is_kept_with_its_audit_row(person: Jobseeker) -> None:
    check = record_device_check(actor=person.user, jobseeker=person, **GOOD, round_trip_ms=80, device="Firefox")
    assert check.carries_video
    row = AuditEntry.objects.get(jobseeker=person, action=AuditAction.EQUIPMENT)
    assert row.details == {"event": "device_check", "check": check.pk, "carries_video": True}
    assert not record_device_check(actor=person.user, jobseeker=person, **{**GOOD, "camera": False}).carries_video


def test_the_same_result_again_is_the_same_test(person: Jobseeker) -> None:
    first = record_device_check(actor=person.user, jobseeker=person, **GOOD)
    assert record_device_check(actor=person.user, jobseeker=person, **GOOD) == first
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert record_device_check(actor=person.user, jobseeker=person, **GOOD) != first


def test_twenty_a_day_and_no_more(person: Jobseeker) -> None:
    start = timezone.now()
    for number in range(bound_of(BoundedAct.DEVICE_TESTS, day=timezone.localdate()).most):
        with time_machine.travel(start + timedelta(minutes=3 * number)):
            record_device_check(actor=person.user, jobseeker=person, **GOOD)
    with time_machine.travel(start + timedelta(hours=2)), pytest.raises(NotAllowedNowError):
        record_device_check(actor=person.user, jobseeker=person, **GOOD)
    with time_machine.travel(start + timedelta(hours=25)):
        record_device_check(actor=person.user, jobseeker=person, **GOOD)


def test_nobody_tests_for_somebody_else(person: Jobseeker) -> None:
    with pytest.raises(DomainError):
        record_device_check(actor=AdviserUserFactory(), jobseeker=person, **GOOD)
    assert not DeviceCheck.objects.exists()


def test_a_test_never_changes(person: Jobseeker) -> None:
    record_device_check(actor=person.user, jobseeker=person, **GOOD)
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE accompaniment_devicecheck SET camera = false")


def test_the_latest_of_each(person: Jobseeker) -> None:
    record_device_check(actor=person.user, jobseeker=person, **GOOD)
    latest = record_device_check(actor=person.user, jobseeker=person, **{**GOOD, "microphone": False})
    other = JobseekerFactory(with_account=True)
    theirs = record_device_check(actor=other.user, jobseeker=other, **GOOD)
    assert {*DeviceCheck.objects.latest_each()} == {latest, theirs}


class TestLink:
    def test_leaves_once_a_day(self, person: Jobseeker) -> None:
        adviser = registrar(person)
        ask_enrolment(actor=adviser, jobseeker=person)
        assert send_device_test_link(actor=adviser, jobseeker=person)
        assert not send_device_test_link(actor=adviser, jobseeker=person)
        notification = Notification.objects.get(kind=NotificationKind.DEVICE_TEST)
        assert notification.email == person.email
        assert notification.context["path"] == "/visio/test/"
        assert AuditEntry.objects.filter(action=AuditAction.EQUIPMENT).count() == 1
        with time_machine.travel(timezone.now() + timedelta(days=1)):
            assert send_device_test_link(actor=adviser, jobseeker=person)

    def test_needs_an_account_that_is_open(self) -> None:
        for person in (JobseekerFactory(), JobseekerFactory(email=None)):
            with pytest.raises(DomainError):
                send_device_test_link(actor=registrar(person), jobseeker=person)
        assert not Notification.objects.exists()
