"""Delivers the outbox by e-mail.

A worker claims each notification in a separate transaction (`next_try_at` moves on, `attempts` counts), sends it
outside any transaction, and marks it in another one. If the worker dies in between, the row is tried again by itself.
So a person may be told twice, but never not at all (at least once). Several workers may run: a claimed row is not due,
and rows that are being claimed are skipped.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, GivenUpFor, NoticeChannel, NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Agency, Enrolment, Jobseeker, Notification, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.notices import topic_of
from accompaniment.rules.operator import operator
from accompaniment.services import accounts, addresses, outbox
from accompaniment.services.addresses import AddressMovedError
from accompaniment.services.dead_addresses import address_works, is_dead
from caseload.reads.moves.who_answers import away_now, follower_of
from caseload.reads.zones import zone_of_recipient
from messaging.hooks.deliveries import on_delivered
from messaging.hooks.past_events import is_past
from messaging.locks import lock_notification, take_notification
from messaging.models import Delivery
from messaging.services import alerts
from messaging.services.channels import AT_ONCE, TRIES, reason_of, wait_before_next
from messaging.services.relay import Relay, RelayAwayError, reaches_nobody
from messaging.services.reply_addresses import has_door, reply_address, return_address

logger = logging.getLogger(__name__)

BREAKS = re.compile(r"[^\S\u00a0]+")
"""Spaces at which a line may break. The hours in a subject contain none."""

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
    """An e-mail, ready to be sent."""

    subject: str
    body: str
    token: str = ""
    """The secret of its link, if the link works only once."""
    answers_to: str = ""
    """The address at which an answer becomes a message; empty if nobody would read one."""


def deliver_due() -> int:
    """Deliver what is due, oldest first; return how many the mail server accepted.

    A notification that fails is tried again later, and given up after `TRIES`. It never delays the others. If there is
    no mail server, the round ends with the first one, so that the others keep their tries.
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
    """Claim the oldest due notification that no other worker is claiming; None if nothing waits.

    The first claim plans the alerts on other channels. What is over, unwanted, or would reach nobody is put aside.
    """
    while True:
        with transaction.atomic():
            notification = take_notification(now)
            if notification is None:
                return None
            if _is_put_aside(notification, now=now):
                continue
            notification.attempts += 1
            notification.next_try_at = now + wait_before_next(notification.attempts)
            notification.save(update_fields=["attempts", "next_try_at"])
            return notification


def _is_put_aside(notification: Notification, *, now: datetime) -> bool:
    """Give up an e-mail that nobody needs, wants or would get, or let it wait for the end of the quiet hours."""
    if is_past(notification, now):
        _put_aside(notification, GivenUpFor.PAST, at=now)
        return True
    chosen = alerts.settings_of_reader(notification)
    if notification.attempts == 0:
        alerts.plan_alerts(notification, chosen, now=now)
    if alerts.is_required(notification):
        return False
    if chosen is not None and not chosen.wants(topic_of(NotificationKind(notification.kind)), NoticeChannel.EMAIL):
        _put_aside(notification, GivenUpFor.NOT_WANTED, at=now)
        return True
    if is_dead(channel=NoticeChannel.EMAIL, address=notification.email):
        alerts.replace_email(notification, now=now)
        _put_aside(notification, GivenUpFor.DEAD_ADDRESS, at=now)
        return True
    end = alerts.quiet_end(notification, chosen, now=now) if chosen and chosen.quiet_for_emails else None
    if end is None or end <= now:
        return False
    notification.next_try_at = end
    notification.save(update_fields=["next_try_at"])
    return True


def _put_aside(notification: Notification, why: GivenUpFor, *, at: datetime) -> None:
    notification.given_up_at, notification.given_up_for = at, why
    notification.save(update_fields=["given_up_at", "given_up_for"])


def letter_for(notification: Notification) -> Letter:
    """Compose the e-mail. A link that opens an account is made now and stored nowhere else."""
    kind = NotificationKind(notification.kind)
    answers_to = _answers_to(notification)
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
                "answers_at": _agency_of(notification),
                "can_answer": bool(answers_to),
            },
        )
    subject, _, body = text.partition("\n")
    subject = BREAKS.sub(" ", subject).strip()[:200]
    return Letter(subject=subject, body=body.strip() + "\n", token=str(links.get("token", "")), answers_to=answers_to)


def as_email(notification: Notification, letter: Letter) -> EmailMultiAlternatives:
    """Return the letter as it is sent.

    It says that a machine wrote it, so that no absence is told to it. Mail servers send it back to an address of its
    own.
    """
    headers = {"Message-ID": message_id(notification), "Auto-Submitted": "auto-generated"}
    if letter.answers_to:
        headers["Reply-To"] = letter.answers_to
    sender = settings.DEFAULT_FROM_EMAIL
    if has_door():
        headers["From"] = sender
        sender = return_address(notification_pk=notification.pk, now=timezone.now())
    message = EmailMultiAlternatives(
        subject=letter.subject, body=letter.body, from_email=sender, to=[notification.email], headers=headers
    )
    message.attach_alternative(as_page(letter), "text/html")
    return message


def _answers_to(notification: Notification) -> str:
    """Return the address for answers to a letter that tells its reader of messages in one conversation."""
    conversations = notification.context.get("up_to", {})
    if not has_door() or notification.user_id is None or len(conversations) != 1:
        return ""
    [conversation] = conversations
    return reply_address(user_pk=notification.user_id, conversation_pk=int(conversation), now=timezone.now())


def as_page(letter: Letter) -> str:
    """Return the letter as HTML, with the same words: a title, paragraphs, and links that are spelt out."""
    return render_to_string("messaging/emails/letter.html", {"letter": letter, "operator": operator()})


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
    """Return the reader's present first name, because the notification may have waited."""
    reader = notification.user or notification.jobseeker
    return {"first_name": reader.first_name} if reader and "first_name" in notification.context else {}


def _agency_of(notification: Notification) -> Agency | None:
    """Return the agency whose telephone number a jobseeker's letter gives; None for the staff."""
    person = notification.jobseeker
    if person is None and notification.user is not None and notification.user.is_jobseeker:
        person = Jobseeker.objects.select_related("agency").filter(user=notification.user).first()
    return person.agency if person else None


def _way_in(user: User, address: str) -> dict[str, Any]:
    """Return the link that opens the account: an activation, or the log-in if the account has a password."""
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
    """Return the words of a repeated activation e-mail: the purpose, the adviser, and who answers today."""
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
    """Return the link to the space, or to the page that opens it if the person has not opened it yet."""
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
    """Send one notification and store the result; return whether the mail server accepted it."""
    relay.make_ready()
    try:
        letter = letter_for(notification)
        relay.send(as_email(notification, letter))
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
    followers = [follower for follower in on_delivered if notification.kind in follower.kinds]
    with transaction.atomic():
        if followers and notification.jobseeker_id is not None:
            # A correction of the person's address locks the person, and then writes to the waiting letters. Letters
            # that no floor follows need no lock on the person, because a file that is being loaded may hold many
            # people.
            lock_jobseeker(notification.jobseeker_id)
        locked = lock_notification(notification.pk)
        if locked.sent_at is not None:
            return
        locked.sent_at = at
        locked.given_up_at = None
        locked.given_up_for = ""
        locked.last_error = ""
        locked.save(update_fields=["sent_at", "given_up_at", "given_up_for", "last_error"])
        Delivery.objects.create(
            notification=locked,
            channel=NoticeChannel.EMAIL,
            address=notification.email,
            subject=letter.subject,
            accepted_at=at,
        )
        address_works(channel=NoticeChannel.EMAIL, address=notification.email)
        if notification.kind == NotificationKind.ADDRESS_TO_CONFIRM:
            addresses.end_earlier_links(token=letter.token)
        elif letter.token:
            accounts.end_earlier_links(token=letter.token)
        for follower in followers:
            follower.told(locked, at)


def _mark_failed(notification: Notification, error: Exception, *, at: datetime) -> None:
    """Store the reason of the failure. The claim has set the next try; the last failure gives up.

    An address that reaches nobody is not tried again. A required letter that is given up is told in another way.
    """
    nobody = reaches_nobody(error)
    why = GivenUpFor.DEAD_ADDRESS if nobody else GivenUpFor.FAILED if notification.attempts >= TRIES else None
    with transaction.atomic():
        waiting = Notification.objects.filter(pk=notification.pk, sent_at=None)
        if not waiting.update(last_error=reason_of(error), given_up_at=at if why else None, given_up_for=why or ""):
            return
        if nobody:
            alerts.letter_failed(notification, reason=reason_of(error), at=at)
        elif why and alerts.is_required(notification):
            alerts.replace_email(notification, now=at)
    logger.warning(
        "Notification %s (%s) was not delivered, try %s of %s: %s",
        notification.pk,
        notification.kind,
        notification.attempts,
        TRIES,
        type(error).__name__,
    )


def _has_no_use(notification: Notification, error: Exception, *, at: datetime) -> bool:
    """Give up an e-mail whose link opens nothing any more; return whether it was given up.

    An e-mail whose address has changed meanwhile is kept: its next try contains the right link.
    """
    the_same = Notification.objects.filter(pk=notification.pk, email=notification.email, sent_at=None)
    if not the_same.update(last_error=reason_of(error), given_up_at=at, given_up_for=GivenUpFor.PAST):
        return False
    logger.info("Notification %s (%s) is of no use any more", notification.pk, notification.kind)
    return True
