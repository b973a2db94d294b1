"""Two workers at once: one of them claims each notification. With controls without the skipped lock."""

from collections.abc import Callable
from threading import Barrier, Event

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected
from pytest_django import Settings

from accompaniment.enums import NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Notification
from accompaniment.services import outbox
from messaging.locks import lock_notifications
from messaging.services.delivery import claim, deliver_due
from tests.caseload.factories import on_web_track
from tests.concurrency.acts import book
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits
from tests.visio.factories import bookable_portfolio, due_obligation
from visio.models import Interview

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_notification_is_claimed_by_one_worker() -> None:
    for number in range(10):
        outbox.notify(key=str(number), kind=NotificationKind.TRACK_STARTED, email="awa@example.org")

    def claim_all() -> list[str]:
        claimed = []
        while letters := claim(now=timezone.now(), most=3):
            claimed += [letter.key for letter in letters]
        return claimed

    first, second = at_once(claim_all, claim_all)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert sorted(first + second) == sorted(str(number) for number in range(10))


def test_a_worker_does_not_wait_for_a_row_that_another_holds() -> None:
    for key in ("held", "free"):
        outbox.notify(key=key, kind=NotificationKind.TRACK_STARTED, email="awa@example.org")
    is_held, is_done = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def hold() -> str:
        with transaction.atomic():
            row = Notification.objects.select_for_update().get(key="held")
            is_held.wait()
            is_done.wait()
            return row.key

    def take() -> str | None:
        is_held.wait()
        letters = claim(now=timezone.now())
        is_done.wait()
        return letters[0].key if letters else None

    assert at_once(hold, take) == ["held", "free"]


def test_without_the_lock_both_workers_take_the_same_row() -> None:
    """The control: two workers that only read what is due both send it."""
    outbox.notify(key="one", kind=NotificationKind.TRACK_STARTED, email="awa@example.org")
    both_have_read = Barrier(2, timeout=5)

    def take_unguarded() -> str:
        with transaction.atomic():
            key: str = Notification.objects.to_send(timezone.now()).first().key
            both_have_read.wait()
            Notification.objects.filter(key=key).update(attempts=1)
            return key

    acts: list[Callable[[], str]] = [take_unguarded, take_unguarded]
    assert at_once(*acts) == ["one", "one"]


@pytest.fixture
def convoked() -> Notification:
    """A convocation that is due to be sent, and no other notification."""
    person = on_web_track(bookable_portfolio())
    due_obligation(person)
    Notification.objects.all().update(given_up_at=timezone.now())
    book(person)
    waiting: Notification = Notification.objects.get(kind=NotificationKind.INTERVIEW_BOOKED)
    assert waiting.jobseeker == person
    return waiting


def meets_a_new_address(mark: Callable[[], object], letter: Notification) -> list[object]:
    """Run `mark` while a correction of the address holds the person, and let the letters follow while `mark` waits.

    Returns the outcome of both. `addresses.follow_file` decides whether the address follows.
    """
    is_held = Event()

    def corrected() -> None:
        with transaction.atomic():
            lock_jobseeker(letter.jobseeker_id)
            is_held.set()
            until_somebody_waits()
            Notification.objects.filter(jobseeker=letter.jobseeker_id, sent_at=None).update(email="neuf@exemple.fr")

    def marked() -> object:
        assert is_held.wait(PATIENCE)
        return mark()

    return at_once(corrected, marked)


def test_a_letter_that_has_left_and_a_new_address_both_go_through(convoked: Notification) -> None:
    assert meets_a_new_address(deliver_due, convoked) == [None, 1]
    convoked.refresh_from_db()
    assert convoked.sent_at is not None
    assert convoked.email == "neuf@exemple.fr"
    interview = Interview.objects.get(jobseeker=convoked.jobseeker_id)
    assert interview.convocation_delivered_at == convoked.sent_at


def test_the_letter_before_its_person_one_of_the_two_is_ended(convoked: Notification, settings: Settings) -> None:
    """The control: one holds the letter and asks for the person, the other holds the person and asks for the letter."""
    settings.LOCKS_OUT_OF_ORDER_RAISE = False

    def mark_against_the_order() -> None:
        with transaction.atomic():
            lock_notifications([convoked.pk])
            lock_jobseeker(convoked.jobseeker_id)

    (ended,) = [one for one in meets_a_new_address(mark_against_the_order, convoked) if one is not None]
    assert isinstance(ended, OperationalError)
    assert isinstance(ended.__cause__, DeadlockDetected)
