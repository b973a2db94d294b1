"""Two workers at once: one of them claims each alert, and the budget of SMS holds. With controls without the guard."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Barrier, Event

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import GivenUpFor, NoticeChannel, NotificationKind
from accompaniment.models import DeadAddress, NoticeSettings, Notification
from accompaniment.services import outbox
from accompaniment.services.dead_addresses import address_failed
from messaging.models import Alert, SmsDay
from messaging.services.alerts import claim_alert
from messaging.services.delivery import claim
from messaging.services.sms import take_from_budget
from tests.accompaniment.factories import JobseekerFactory
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits
from tests.messaging.notifications import CONTEXTS

pytestmark = pytest.mark.django_db(transaction=True)

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
ONE = 1


def planned(kind: NotificationKind = NotificationKind.INTERVIEW_CANCELLED, *keys: str) -> None:
    """Put notifications of one person into the outbox, and claim their e-mails, which plans the alerts."""
    person = JobseekerFactory(with_account=True, phone="+33639980042")
    for key in keys or ("k",):
        outbox.notify_jobseeker(key=key, kind=kind, jobseeker=person, context=CONTEXTS[kind])
        assert len(claim(now=timezone.now())) == 1


def test_an_alert_is_claimed_by_one_worker() -> None:
    with time_machine.travel(AT_TEN):
        planned(NotificationKind.INTERVIEW_CANCELLED, *"abcdefgh")

        def claim_all() -> list[int]:
            claimed = []
            while (alert := claim_alert(now=timezone.now(), channels=(NoticeChannel.SMS,))) is not None:
                claimed.append(alert.pk)
            return claimed

        first, second = at_once(claim_all, claim_all)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert sorted(first + second) == sorted(Alert.objects.values_list("pk", flat=True))


def test_without_the_lock_both_workers_take_the_same_alert() -> None:
    """The control: two workers that only read what is due both send it."""
    with time_machine.travel(AT_TEN):
        planned()
        both_have_read = Barrier(2, timeout=5)

        def take_unguarded() -> int:
            with transaction.atomic():
                pk: int = Alert.objects.to_send(timezone.now()).first().pk
                both_have_read.wait()
                return pk

        acts: list[Callable[[], int]] = [take_unguarded, take_unguarded]
        first, second = at_once(*acts)
    assert first == second


def test_two_workers_plan_the_alerts_of_a_notification_once() -> None:
    with time_machine.travel(AT_TEN):
        planned()
        letter = Notification.objects.get()
        Alert.objects.all().delete()

        def plan() -> None:
            Alert.objects.bulk_create(
                [
                    Alert(
                        notification=letter,
                        channel=NoticeChannel.SMS,
                        in_place_of_email=False,
                        created_at=timezone.now(),
                        next_try_at=timezone.now(),
                    )
                ],
                ignore_conflicts=True,
            )

        assert at_once(plan, plan) == [None, None]
    assert Alert.objects.count() == 1


def test_the_budget_holds_when_two_workers_count_at_once(settings: Settings) -> None:
    settings.SMS_DAILY_BUDGET = 3

    def spend() -> int:
        return sum(take_from_budget(parts=ONE, at=AT_TEN) for _ in range(5))

    counts = at_once(spend, spend)
    assert sum(one for one in counts if isinstance(one, int)) == 3
    assert SmsDay.objects.get().parts == 3


def test_a_budget_that_is_read_before_it_is_counted_is_exceeded() -> None:
    """The control: both workers read that one part is left, and both spend it."""
    SmsDay.objects.create(day=AT_TEN.date(), parts=2)
    both_have_read = Barrier(2, timeout=5)

    def spend_unguarded() -> bool:
        has_room = SmsDay.objects.get().parts < 3
        both_have_read.wait()
        if has_room:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE messaging_smsday SET parts = parts + 1")
        return has_room

    assert at_once(spend_unguarded, spend_unguarded) == [True, True]
    assert SmsDay.objects.get().parts == 4


def test_two_workers_note_the_same_dead_address_once() -> None:
    def note() -> None:
        with transaction.atomic():
            address_failed(channel=NoticeChannel.EMAIL, address="a@example.org", reason="5.1.1", at=AT_TEN)

    assert at_once(note, note) == [None, None]
    assert DeadAddress.objects.get().times == 2


class TestChoiceMeetsDelivery:
    """Somebody switches an e-mail off while a worker takes it in hand."""

    def switched_off_while(self, take: Callable[[], object], *, waits: bool) -> object:
        person = JobseekerFactory(with_account=True)
        chosen = NoticeSettings.objects.create(user=person.user, changed_at=AT_TEN)
        kind = NotificationKind.ON_SITE_ANSWERED
        outbox.notify_jobseeker(key="k", kind=kind, jobseeker=person, context=CONTEXTS[kind])
        is_held, is_read = Event(), Event()

        def switch_off() -> object:
            with transaction.atomic():
                NoticeSettings.objects.filter(pk=chosen.pk).update(switched_off=["news:email"])
                is_held.set()
                if waits:
                    until_somebody_waits()
                else:
                    assert is_read.wait(PATIENCE)
            return None

        def taken() -> object:
            assert is_held.wait(PATIENCE)
            found = take()
            is_read.set()
            return found

        return at_once(switch_off, taken)[1]

    def test_the_choice_that_is_being_stored_holds(self) -> None:
        assert self.switched_off_while(lambda: claim(now=timezone.now()), waits=True) == []
        assert Notification.objects.get().given_up_for == GivenUpFor.NOT_WANTED

    def test_without_the_lock_the_worker_reads_the_choice_from_before(self) -> None:
        """The control: the e-mail would leave after its reader was told that it would not."""
        found = self.switched_off_while(lambda: NoticeSettings.objects.get().switched_off, waits=False)
        assert found == []
        assert NoticeSettings.objects.get().switched_off == ["news:email"]
