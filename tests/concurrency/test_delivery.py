"""Two workers at once: each notification is claimed by one of them; and what happens without the skipped lock."""

from collections.abc import Callable
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification
from accompaniment.services import outbox
from messaging.services.delivery import claim
from tests.concurrency.test_messages import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_notification_is_claimed_by_one_worker() -> None:
    for number in range(10):
        outbox.notify(key=str(number), kind=NotificationKind.TRACK_STARTED, email="awa@example.org")

    def claim_all() -> list[str]:
        claimed = []
        while (notification := claim(now=timezone.now())) is not None:
            claimed.append(notification.key)
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
        notification = claim(now=timezone.now())
        is_done.wait()
        return notification.key if notification else None

    assert at_once(hold, take) == ["held", "free"]


def test_without_the_lock_both_workers_take_the_same_row() -> None:
    """The control: two that only read what is due both send it."""
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
