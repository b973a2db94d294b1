"""Tells people the short form of a notification, by SMS or on a device, beside its e-mail or instead of it.

The claim of an e-mail plans the alerts of its notification in the same transaction. A worker then claims each alert,
hands it over outside any transaction, and stores the result, as `delivery` does with letters. A person may be told
twice, but never not at all.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import GivenUpFor, NoticeChannel, NotificationKind, Topic
from accompaniment.models import NoticeSettings, Notification
from accompaniment.rules.notices import AT_ONCE_KINDS, REQUIRED, alert_of, end_of_quiet, topic_of
from accompaniment.rules.sms import ShortMessage, short_message
from accompaniment.services.dead_addresses import address_failed, addresses_work, is_dead
from accompaniment.services.devices import devices_of, is_push_open, with_device
from caseload.reads.zones import zone_of_recipient
from messaging.hooks.past_events import past_among
from messaging.locks import lock_alert, share_notice_settings, take_alerts
from messaging.models import Alert, Delivery
from messaging.services import push, sms
from messaging.services.channels import (
    AT_ONCE,
    TRIES,
    ChannelAwayError,
    RefusedError,
    reason_of,
)
from messaging.services.claims import claimed

logger = logging.getLogger(__name__)

SERVICE = "Accompagnement 100\u00a0% web"
BETWEEN_SMS_ABOUT_MESSAGES = timedelta(hours=4)
"""Messages may come all day; an SMS says so only now and then."""


class NothingThereError(Exception):
    """The person has no number or browser for this channel any more."""


class BudgetSpentError(Exception):
    """The budget of the day does not hold this SMS. It waits until the next day, and keeps its tries."""


class Carrier(Protocol):
    """One way to a person. Returns the address that accepted the alert, and the other side's reference."""

    def carry(self, alert: Alert, sentence: str, *, at: datetime) -> tuple[str, str]:
        """Hand the alert over. Raises ChannelAwayError, RefusedError, NothingThereError or BudgetSpentError."""
        ...


class SmsCarrier:
    """Sends the sentence with the address of the service, to the number that is in the file now."""

    def carry(self, alert: Alert, sentence: str, *, at: datetime) -> tuple[str, str]:
        """Send one SMS within the budget."""
        number = sms.number_of(alert.notification.jobseeker)
        if not number or is_dead(channel=NoticeChannel.SMS, address=number):
            raise NothingThereError("no number")
        message = sms_of(sentence, path=_path_of(alert.notification))
        if not sms.take_from_budget(parts=message.parts, at=at):
            raise BudgetSpentError("the budget of the day is spent")
        key = f"{alert.created_at:%Y%m%d%H%M%S%f}-{alert.pk}"
        try:
            return number, sms.gateway().send(number=number, message=message, key=key, at=at)
        except RefusedError as error:
            sms.give_back(parts=message.parts, at=at)
            if error.is_dead:
                address_failed(channel=NoticeChannel.SMS, address=number, reason=str(error), at=at)
            raise
        except ChannelAwayError as error:
            if not error.may_have_arrived:
                sms.give_back(parts=message.parts, at=at)
            raise


def sms_of(sentence: str, *, path: str = "") -> ShortMessage:
    """Return the SMS that says a sentence, with the address of the service or of one page."""
    return short_message(f"{SERVICE}\u00a0: {sentence} {settings.PUBLIC_URL}{path or reverse('home')}")


def _path_of(notification: Notification) -> str:
    """Return the page that an SMS names: the home page, unless minutes count."""
    return str(notification.context.get("path", "")) if notification.kind in AT_ONCE_KINDS else ""


class PushCarrier:
    """Tells each browser of the reader whose session lasts."""

    def carry(self, alert: Alert, sentence: str, *, at: datetime) -> tuple[str, str]:
        """Tell all of them. It is enough if one is told; a push service that is away is tried again for the others."""
        user = alert.notification.user
        devices = devices_of(user) if user is not None else []
        told, away = [], None
        for device in devices:
            try:
                if push.tell(device, alert.notification, title=SERVICE, sentence=sentence):
                    told.append(urlsplit(device.endpoint).netloc)
            except ChannelAwayError as error:
                away = error
        if told:
            return told[0], ""
        if away is not None:
            raise away
        raise NothingThereError("no device")


def carriers() -> dict[NoticeChannel, Carrier]:
    """Return the channels that are open now."""
    found: dict[NoticeChannel, Carrier] = {}
    if sms.is_open():
        found[NoticeChannel.SMS] = SmsCarrier()
    if is_push_open():
        found[NoticeChannel.PUSH] = PushCarrier()
    return found


def plan_alerts(notification: Notification, chosen: NoticeSettings | None, *, now: datetime) -> None:
    """Plan what the reader wants beside the e-mail. Runs in the transaction of the claim; planning twice plans once."""
    kind = NotificationKind(notification.kind)
    topic = topic_of(kind)
    if chosen is None or not alert_of(kind, {}):
        return
    Alert.objects.bulk_create(
        [
            Alert(notification=notification, channel=channel, in_place_of_email=False, created_at=now, next_try_at=now)
            for channel in carriers()
            if chosen.wants(topic, channel) and _can_take(channel, notification, now=now)
        ],
        ignore_conflicts=True,
    )


def replace_email(notification: Notification, *, now: datetime) -> None:
    """Tell by SMS what an e-mail could not tell. Runs in the transaction that says so.

    It waits neither for a choice nor for the end of quiet hours. The account's own e-mails are not replaced, because
    their links are secrets of the mailbox.
    """
    kind = NotificationKind(notification.kind)
    channel = NoticeChannel.SMS
    if not alert_of(kind, {}) or channel not in carriers() or not _can_take(channel, notification, now=now):
        return
    values = {"in_place_of_email": True, "next_try_at": now}
    alert, is_new = Alert.objects.get_or_create(
        notification=notification, channel=channel, defaults={**values, "created_at": now}
    )
    if not is_new:
        Alert.objects.filter(pk=alert.pk, sent_at=None).update(**values, given_up_at=None, given_up_for="")


def letter_failed(notification: Notification, *, address: str, reason: str, at: datetime) -> None:
    """Note that the address of a letter reaches nobody, and tell its reader in another way.

    For a refusal of the mail server, and for a letter that it accepted and that comes back later. `address` is where
    the letter went: the address of its notification may have been corrected meanwhile.
    """
    with transaction.atomic():
        address_failed(channel=NoticeChannel.EMAIL, address=address, reason=reason, at=at)
        replace_email(notification, now=at)


def settings_of_readers(notifications: Collection[Notification]) -> dict[int, NoticeSettings]:
    """Return what the readers have chosen, or the defaults, by notification; without letters to nobody's account.

    The rows are locked, so that a choice that is being stored holds for these notifications too.
    """
    readers = {one.pk: one.user for one in notifications if one.user is not None}
    chosen = share_notice_settings(readers.values())
    return {pk: chosen.get(user.pk) or NoticeSettings(user=user) for pk, user in readers.items()}


def quiet_end(notification: Notification, chosen: NoticeSettings, *, now: datetime) -> datetime | None:
    """Return when the quiet hours of the reader end, if it is quiet now."""
    return end_of_quiet(
        now=now,
        quiet_from=chosen.quiet_from,
        quiet_until=chosen.quiet_until,
        zone=zone_of_recipient(jobseeker=notification.jobseeker, user=notification.user),
    )


def deliver_alerts() -> int:
    """Deliver the alerts that are due; return how many were accepted. A channel that is away ends its part only."""
    taken, ways = 0, carriers()
    for _ in range(AT_ONCE):
        if not ways:
            break
        alert = claim_alert(now=timezone.now(), channels=tuple(ways))
        if alert is None:
            break
        try:
            taken += _deliver(alert, ways[NoticeChannel(alert.channel)])
        except (ChannelAwayError, BudgetSpentError):
            del ways[NoticeChannel(alert.channel)]
    return taken


def claim_alert(*, now: datetime, channels: tuple[NoticeChannel, ...]) -> Alert | None:
    """Claim the first due alert of these channels; None if none is left. Those that nobody wants now are put aside."""
    alerts = claimed(
        lambda: take_alerts(now, channels, most=1),
        lambda found: [alert for alert in found if _is_put_aside(alert, now=now)],
        now=now,
    )
    return alerts[0] if alerts else None


def _is_put_aside(alert: Alert, *, now: datetime) -> bool:
    """Give up an alert that is of no use or unwanted, or let it wait for the end of the quiet hours."""
    notification = alert.notification
    if past_among([notification], now):
        _give_up(alert, GivenUpFor.PAST, at=now)
        return True
    if alert.in_place_of_email:
        return False
    chosen = settings_of_readers([notification]).get(notification.pk)
    topic = topic_of(NotificationKind(notification.kind))
    if chosen is None or not chosen.wants(topic, NoticeChannel(alert.channel)):
        _give_up(alert, GivenUpFor.NOT_WANTED, at=now)
        return True
    if notification.kind in AT_ONCE_KINDS:
        return False
    end = quiet_end(notification, chosen, now=now)
    if end is not None and end > now:
        alert.next_try_at = end
        alert.save(update_fields=["next_try_at"])
        return True
    return False


def _can_take(channel: NoticeChannel, notification: Notification, *, now: datetime) -> bool:
    """Return whether the reader can be reached by a channel, and has not just been."""
    if channel == NoticeChannel.PUSH:
        return notification.user_id is not None and bool(with_device([notification.user_id]))
    number = sms.number_of(notification.jobseeker)
    if not number or is_dead(channel=channel, address=number):
        return False
    if topic_of(NotificationKind(notification.kind)) != Topic.MESSAGES:
        return True
    lately = Alert.objects.filter(
        channel=channel,
        created_at__gt=now - BETWEEN_SMS_ABOUT_MESSAGES,
        notification__kind=notification.kind,
        notification__jobseeker=notification.jobseeker_id,
    )
    return not lately.exclude(notification=notification).exists()


def _deliver(alert: Alert, carrier: Carrier) -> bool:
    """Hand one alert over and store the result; return whether it was accepted."""
    notification = alert.notification
    sentence = alert_of(NotificationKind(notification.kind), notification.context)
    at = timezone.now()
    try:
        address, reference = carrier.carry(alert, sentence, at=at)
    except BudgetSpentError as error:
        _wait_for_next_day(alert, error, at=at)
        raise
    except NothingThereError as error:
        _fail(alert, error, given_up_for=GivenUpFor.DEAD_ADDRESS)
    except RefusedError as error:
        _fail(alert, error, given_up_for=GivenUpFor.DEAD_ADDRESS if error.is_dead else GivenUpFor.FAILED)
    except ChannelAwayError as error:
        _fail(alert, error, given_up_for=GivenUpFor.FAILED if alert.attempts >= TRIES else None)
        raise
    except Exception as error:  # noqa: BLE001  (whatever is wrong with one row, the others must leave)
        _fail(alert, error, given_up_for=GivenUpFor.FAILED if alert.attempts >= TRIES else None)
    else:
        _mark_sent(alert, sentence, address=address, reference=reference, at=timezone.now())
        return True
    return False


def _mark_sent(alert: Alert, sentence: str, *, address: str, reference: str, at: datetime) -> None:
    with transaction.atomic():
        locked = lock_alert(alert.pk)
        if locked.sent_at is not None:
            return
        locked.sent_at, locked.given_up_at, locked.given_up_for, locked.last_error = at, None, "", ""
        locked.save(update_fields=["sent_at", "given_up_at", "given_up_for", "last_error"])
        Delivery.objects.create(
            notification_id=locked.notification_id,
            channel=locked.channel,
            address=address,
            subject=sentence,
            reference=reference,
            accepted_at=at,
        )
        addresses_work(channel=NoticeChannel(locked.channel), addresses=[address])


def _wait_for_next_day(alert: Alert, error: Exception, *, at: datetime) -> None:
    """Let an SMS wait until the budget of the next day, without counting a try."""
    zone = timezone.get_default_timezone()
    tomorrow = datetime.combine(sms.day_of(at) + timedelta(days=1), datetime.min.time(), zone)
    Alert.objects.filter(pk=alert.pk, sent_at=None).update(
        attempts=alert.attempts - 1, next_try_at=tomorrow, last_error=reason_of(error)
    )
    logger.error("The budget of SMS is spent for today (%s parts): the others wait until tomorrow", _budget())


def _budget() -> int:
    return int(settings.SMS_DAILY_BUDGET)


def _fail(alert: Alert, error: Exception, *, given_up_for: GivenUpFor | None) -> None:
    """Store the reason of a failure. The claim has set the next try, unless this was the last one."""
    Alert.objects.filter(pk=alert.pk, sent_at=None).update(
        last_error=reason_of(error),
        given_up_at=timezone.now() if given_up_for else None,
        given_up_for=given_up_for or "",
    )
    logger.warning(
        "Alert %s (%s) was not delivered, try %s of %s: %s",
        alert.pk,
        alert.channel,
        alert.attempts,
        TRIES,
        type(error).__name__,
    )


def _give_up(alert: Alert, why: GivenUpFor, *, at: datetime) -> None:
    alert.given_up_at, alert.given_up_for = at, why
    alert.save(update_fields=["given_up_at", "given_up_for"])


def is_required(notification: Notification) -> bool:
    """Return whether the law or the account demands the letter of this notification."""
    return topic_of(NotificationKind(notification.kind)) in REQUIRED
