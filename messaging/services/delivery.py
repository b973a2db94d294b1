"""Delivering the outbox by e-mail.

Each notification is claimed in a transaction of its own (`next_try_at` moves on, `attempts` counts), sent outside any
transaction, and marked in another. Whoever dies between the two leaves a row whose next try comes by itself: a person
may be told twice, never not at all (at least once). Several workers may run: a claimed row is not due, and a row that
somebody claims is skipped.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, NotificationKind
from accompaniment.models import Enrolment, Jobseeker, Notification, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.operator import operator
from accompaniment.services import accounts, addresses, outbox
from accompaniment.services.addresses import AddressMovedError
from caseload.reads.moves.who_answers import away_now, follower_of
from caseload.reads.zones import zone_of_recipient
from messaging.hooks.deliveries import on_delivered
from messaging.models import Delivery
from messaging.services.relay import Relay, RelayAwayError

logger = logging.getLogger(__name__)

WAITS = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Time from one try to the next. The first is also how long a worker may take before its claim is over."""

TRIES = len(WAITS) + 1
AT_ONCE = 200
"""Notifications that one run delivers at most, so that a long backlog leaves room for other jobs."""
BREAKS = re.compile(r"[^\S\u00a0]+")
"""Spaces at which a line may be cut, which the hours in a subject have none of."""

PURPOSE = "Votre espace vous attend\u00a0: vos messages, vos rendez-vous et votre plan d'action y sont réunis."
PURPOSES = {
    EnrolmentState.ASKED: "Dans votre espace, vous lisez où en est votre demande de 100\u00a0%\u00a0web.",
    EnrolmentState.VALIDATED: (
        "Votre demande de 100\u00a0%\u00a0web est validée. Il vous reste à lire ce qui change pour vous, et à donner "
        "votre accord si vous le voulez."
    ),
}
"""What an account is for, by the state of the person's request."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An e-mail, ready to leave."""

    subject: str
    body: str
    token: str = ""
    """The secret of its link, where that is one of those that works once."""


def deliver_due() -> int:
    """Deliver what is due, oldest first; return how many the mail server took.

    A notification that fails is tried again later and given up after `TRIES`; it never holds up the others. Where
    there is no mail server the round ends with the first one, so that the others keep their tries.
    """
    taken = 0
    with Relay() as relay:
        for _ in range(AT_ONCE):
            notification = claim(now=timezone.now())
            if notification is None:
                break
            try:
                taken += _deliver(notification, relay)
            except RelayAwayError as error:
                _mark_failed(notification, error, at=timezone.now())
                break
    return taken


def claim(*, now: datetime) -> Notification | None:
    """Take the oldest notification that is due and that nobody else is taking; None when nothing waits."""
    with transaction.atomic():
        notification: Notification | None = (
            Notification.objects.to_send(now)
            .select_for_update(of=("self",), skip_locked=True)
            .select_related("user")
            .first()
        )
        if notification is None:
            return None
        notification.attempts += 1
        notification.next_try_at = now + WAITS[min(notification.attempts, len(WAITS)) - 1]
        notification.save(update_fields=["attempts", "next_try_at"])
        return notification


def letter_for(notification: Notification) -> Letter:
    """Write the e-mail; a link that opens an account is made now and stands nowhere else."""
    kind = NotificationKind(notification.kind)
    with timezone.override(zone_of_recipient(jobseeker=notification.jobseeker, user=notification.user)):
        links = _links(kind, notification)
        text = render_to_string(
            f"messaging/emails/{kind}.txt",
            {
                **outbox.with_names_of_today(notification.context),
                **_name_of(notification),
                **links,
                "public_url": settings.PUBLIC_URL,
                "operator": operator(),
            },
        )
    subject, _, body = text.partition("\n")
    subject = BREAKS.sub(" ", subject).strip()[:200]
    return Letter(subject=subject, body=body.strip() + "\n", token=str(links.get("token", "")))


def message_id(notification: Notification) -> str:
    """Return the Message-ID of one try, at the service's own host; its numbers find the row from the relay's log."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    return f"<{notification.pk}.{notification.attempts}.{notification.created_at:%Y%m%d%H%M%S}@{host}>"


def _links(kind: NotificationKind, notification: Notification) -> dict[str, Any]:
    user = notification.user
    match kind:
        case NotificationKind.INVITATION:
            return _way_in(_account(user), notification.email)
        case NotificationKind.ACCOUNT_ACTIVATION:
            return {**_way_in(_account(user), notification.email), **_what_for(notification.jobseeker)}
        case NotificationKind.PASSWORD_RESET:
            path = accounts.issue_password_reset_link(user=_account(user), address=notification.email)
            return {"link": _absolute(path), "valid": timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)}
        case NotificationKind.ADDRESS_TO_CONFIRM:
            token = addresses.issue_link(user=_account(user), address=notification.email)
            return {
                "link": _absolute(reverse("confirm_address", args=[token])),
                "token": token,
                "valid_days": settings.ADDRESS_LINK_DAYS,
            }
        case NotificationKind.ENROLMENT_REFUSED | NotificationKind.ENROLMENT_LAPSED:
            return _way_to_the_space(notification)
        case _:
            return {"link": _absolute(str(notification.context.get("path") or reverse("home")))}


def _name_of(notification: Notification) -> dict[str, str]:
    """Return the first name that the reader has now: a letter may have waited, or been gathering."""
    reader = notification.user or notification.jobseeker
    return {"first_name": reader.first_name} if reader and "first_name" in notification.context else {}


def _way_in(user: User, address: str) -> dict[str, Any]:
    """Return the link that opens the account: an activation, or the log-in for one that has a password already."""
    if user.has_usable_password():
        return {"link": _absolute(reverse("login")), "has_password": True, "valid_until": None}
    token = accounts.issue_activation_link(user=user, address=address)
    until = timezone.now() + timedelta(days=settings.ACTIVATION_LINK_DAYS)
    return {
        "link": _absolute(reverse("activation", args=[token])),
        "token": token,
        "has_password": False,
        "valid_until": until.astimezone(reader_zone()).date(),
    }


def _what_for(person: Jobseeker | None) -> dict[str, str]:
    """Return what an activation that is sent again says: what for, who follows, and who answers today."""
    if person is None:
        return {"purpose": "", "follower": "", "relay": ""}
    state = Enrolment.objects.filter(jobseeker=person, closed_at=None).values_list("state", flat=True).first()
    follower = follower_of(person)
    away = away_now(person, now=timezone.now())
    return {
        "purpose": PURPOSES.get(EnrolmentState(state), PURPOSE) if state else PURPOSE,
        "follower": follower.user.full_name if follower else "",
        "relay": away.sentence if away else "",
    }


def _way_to_the_space(notification: Notification) -> dict[str, Any]:
    """Return the link to the space, or for who has not opened it yet the one to the page that opens it."""
    person = notification.jobseeker
    user = person.user if person else notification.user
    has_account = user is not None and user.has_usable_password()
    return {"link": _absolute(reverse("home" if has_account else "first_access")), "has_account": has_account}


def _account(user: User | None) -> User:
    if user is None:
        raise ValueError("this kind of notification needs an account")
    return user


def _absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _deliver(notification: Notification, relay: Relay) -> bool:
    """Send one notification and mark what came of it; tell whether the mail server took it."""
    relay.make_ready()
    try:
        letter = letter_for(notification)
        message = EmailMessage(
            subject=letter.subject,
            body=letter.body,
            to=[notification.email],
            headers={"Message-ID": message_id(notification)},
        )
        relay.send(message)
        _mark_sent(notification, letter, at=timezone.now())
    except RelayAwayError:
        raise
    except AddressMovedError as error:
        if not _has_no_use(notification, error, at=timezone.now()):
            _mark_failed(notification, error, at=timezone.now())
        return False
    except Exception as error:  # noqa: BLE001  (whatever is wrong with one row, the others must leave)
        _mark_failed(notification, error, at=timezone.now())
        return False
    return True


def _mark_sent(notification: Notification, letter: Letter, *, at: datetime) -> None:
    with transaction.atomic():
        locked = Notification.objects.select_for_update(of=("self",)).get(pk=notification.pk)
        if locked.sent_at is not None:
            return
        locked.sent_at = at
        locked.given_up_at = None
        locked.last_error = ""
        locked.save(update_fields=["sent_at", "given_up_at", "last_error"])
        Delivery.objects.create(notification=locked, email=notification.email, subject=letter.subject, accepted_at=at)
        if notification.kind == NotificationKind.ADDRESS_TO_CONFIRM:
            addresses.end_earlier_links(token=letter.token)
        elif letter.token:
            accounts.end_earlier_links(token=letter.token)
        for told in on_delivered:
            told(locked, at)


def _mark_failed(notification: Notification, error: Exception, *, at: datetime) -> None:
    """Keep why it failed. The next try is set already, by the claim; the last one gives up."""
    given_up = notification.attempts >= TRIES
    Notification.objects.filter(pk=notification.pk, sent_at=None).update(
        last_error=_reason(error), given_up_at=at if given_up else None
    )
    logger.warning(
        "Notification %s (%s) was not delivered, try %s of %s: %s",
        notification.pk,
        notification.kind,
        notification.attempts,
        TRIES,
        type(error).__name__,
    )


def _has_no_use(notification: Notification, error: Exception, *, at: datetime) -> bool:
    """Give up a letter whose link opens nothing any more, and tell whether it was.

    Not one that meanwhile goes to another address: its next try carries the right link.
    """
    the_same = Notification.objects.filter(pk=notification.pk, email=notification.email, sent_at=None)
    if not the_same.update(last_error=_reason(error), given_up_at=at):
        return False
    logger.info("Notification %s (%s) is of no use any more", notification.pk, notification.kind)
    return True


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
