"""Delivers the outbox by e-mail.

A worker claims some notifications (`messaging.services.claims`), sends each outside any transaction over one
connection, and marks those that were accepted together. If the worker dies in between, they are tried again by
themselves. So a person may be told twice, but never not at all (at least once).
"""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import mark_safe

from accompaniment.enums import EnrolmentState, GivenUpFor, NoticeChannel, NotificationKind
from accompaniment.locks import lock_jobseekers
from accompaniment.models import Agency, Enrolment, Jobseeker, NoticeSettings, Notification, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.notices import topic_of
from accompaniment.rules.operator import operator
from accompaniment.services import accounts, addresses, outbox
from accompaniment.services.addresses import AddressMovedError
from accompaniment.services.dead_addresses import addresses_work, dead_among
from caseload.reads.moves.who_answers import away_now, follower_of
from caseload.reads.zones import zone_of_recipient
from messaging.hooks.deliveries import DeliveryFollower, on_delivered
from messaging.hooks.past_events import past_among
from messaging.locks import lock_notifications, take_notifications
from messaging.models import Delivery
from messaging.services import alerts
from messaging.services.calendar_parts import CalendarPart, calendar_part
from messaging.services.channels import TRIES, reason_of
from messaging.services.claims import claimed, give_back
from messaging.services.relay import Relay, RelayAwayError, reaches_nobody
from messaging.services.reply_addresses import has_door, reply_address, return_address

logger = logging.getLogger(__name__)

ROUND = 5.0
"""Seconds after which a worker is free for other jobs; the next round begins as often."""
BATCH = 50
"""The letters of one claim."""
MARKED_AT_ONCE, MARKED_EVERY = BATCH, 1.0
"""How many accepted letters, and how many seconds, may wait for their mark."""

LINK = re.compile(r"(https?://[^\s<>]*[^\s<>.,;:!?])")
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
    calendar: CalendarPart | None = None
    """What the letter asks of the reader's calendar."""


def deliver_due() -> int:
    """Deliver what is due, oldest first, for `ROUND` seconds at most; return how many the mail server accepted.

    A notification that fails is tried again later, and given up after `TRIES`. It never delays the others: a mail
    server that is silent about one letter ends the round, and the next round begins with the others. Without a mail
    server too, the others keep their tries.
    """
    over = time.perf_counter() + ROUND
    accepted = _Accepted()
    with Relay() as relay:
        while time.perf_counter() < over and (letters := claim(now=timezone.now())):
            untried = list(reversed(letters))
            try:
                while untried and time.perf_counter() < over:
                    _deliver(untried.pop(), relay, accepted)
            except RelayAwayError:
                break
            finally:
                accepted.mark()
                give_back(untried, now=timezone.now())
    return accepted.count


def claim(*, now: datetime, most: int = BATCH) -> list[Notification]:
    """Claim the oldest due notifications that no other worker is claiming; return nothing if none waits.

    The first claim plans the alerts on other channels. What is over, unwanted, or would reach nobody is put aside.
    """
    return claimed(lambda: take_notifications(now, most=most), partial(_put_aside_among, now=now), now=now)


def _put_aside_among(notifications: Sequence[Notification], *, now: datetime) -> list[Notification]:
    """Give up the e-mails that nobody needs, wants or would get, and let others wait for the end of quiet hours."""
    past = past_among(notifications, now)
    chosen = alerts.settings_of_readers(notifications)
    dead = dead_among(channel=NoticeChannel.EMAIL, addresses={one.email for one in notifications})
    aside = []
    for one in notifications:
        if one.pk in past:
            _put_aside(one, GivenUpFor.PAST, at=now)
        elif not one.email:
            alerts.replace_email(one, now=now)
            _put_aside(one, GivenUpFor.DEAD_ADDRESS, at=now)
        elif not _is_put_aside(one, chosen.get(one.pk), is_dead=one.email in dead, now=now):
            continue
        aside.append(one)
    return aside


def _is_put_aside(notification: Notification, chosen: NoticeSettings | None, *, is_dead: bool, now: datetime) -> bool:
    if notification.attempts == 0:
        alerts.plan_alerts(notification, chosen, now=now)
    if alerts.is_required(notification):
        return False
    if chosen is not None and not chosen.wants(topic_of(NotificationKind(notification.kind)), NoticeChannel.EMAIL):
        _put_aside(notification, GivenUpFor.NOT_WANTED, at=now)
        return True
    if is_dead:
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
    zone = zone_of_recipient(jobseeker=notification.jobseeker, user=notification.user)
    context = outbox.with_names_of_today(notification.context)
    with timezone.override(zone):
        links = _links(kind, notification)
        text = render_to_string(
            f"messaging/emails/{kind}.txt",
            {
                **context,
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
    return Letter(
        subject=subject,
        body=body.strip() + "\n",
        token=str(links.get("token", "")),
        answers_to=answers_to,
        calendar=calendar_part(
            context, link=str(links.get("link", "")), attendee=notification.email, zone=zone, now=timezone.now()
        ),
    )


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
    if letter.calendar:
        # Programs that know invitations read the alternative; the others show the file.
        message.attach_alternative(letter.calendar.text, letter.calendar.kind)
        message.attach(letter.calendar.filename, letter.calendar.text, "application/ics")
    return message


def _answers_to(notification: Notification) -> str:
    """Return the address for answers to a letter that tells its reader of messages in one conversation."""
    conversations = notification.context.get("up_to", {})
    if not has_door() or notification.user_id is None or len(conversations) != 1:
        return ""
    [(conversation, number)] = conversations.items()
    return reply_address(
        user_pk=notification.user_id, conversation_pk=int(conversation), up_to=int(number), now=timezone.now()
    )


def as_page(letter: Letter) -> str:
    """Return the letter as HTML, with the same words: a title, paragraphs, and links that are spelt out."""
    words = LINK.split(letter.body.strip())
    linked = "".join(
        f'<a href="{escape(word)}">{escape(word)}</a>' if number % 2 else escape(word)
        for number, word in enumerate(words)
    )
    lines = [mark_safe(one.replace("\n", "<br>")) for one in linked.split("\n\n")]  # noqa: S308  (escaped above)
    return render_to_string("messaging/emails/letter.html", {"letter": letter, "paragraphs": lines})


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


class _Accepted:
    """Letters that the mail server has accepted. They are marked a few at a time, and at least every second.

    If the worker dies in between, these few are sent again.
    """

    def __init__(self) -> None:
        self.count = 0
        self._letters: list[tuple[Notification, Letter, datetime]] = []
        self._since = 0.0

    def add(self, notification: Notification, letter: Letter) -> None:
        if not self._letters:
            self._since = time.perf_counter()
        self._letters.append((notification, letter, timezone.now()))
        if len(self._letters) >= MARKED_AT_ONCE or time.perf_counter() - self._since > MARKED_EVERY:
            self.mark()

    def mark(self) -> None:
        """Store the proofs. If they cannot be stored together, one of them fails alone."""
        letters, self._letters = self._letters, []
        try:
            _mark_sent(letters)
            self.count += len(letters)
        except Exception:
            logger.exception("%s letters are marked one by one", len(letters))
            for one in letters:
                try:
                    _mark_sent([one])
                    self.count += 1
                except Exception as error:  # noqa: BLE001  (whatever is wrong with one row, the others are marked)
                    _mark_failed(one[0], error, at=timezone.now())


def _deliver(notification: Notification, relay: Relay, accepted: _Accepted) -> None:
    """Send one notification, and store the result. Raises RelayAwayError."""
    try:
        relay.make_ready()
        letter = letter_for(notification)
        relay.send(as_email(notification, letter))
    except AddressMovedError as error:
        if not _has_no_use(notification, error, at=timezone.now()):
            _mark_failed(notification, error, at=timezone.now())
    except Exception as error:
        # Whatever is wrong with one row, the others must leave.
        _mark_failed(notification, error, at=timezone.now())
        if isinstance(error, RelayAwayError):
            raise
    else:
        accepted.add(notification, letter)


MARK_SENT = (
    "UPDATE accompaniment_notification SET sent_at = accepted.at, given_up_at = NULL, given_up_for = '',"
    " last_error = '' FROM unnest(%s::bigint[], %s::timestamptz[]) AS accepted(id, at)"
    " WHERE accompaniment_notification.id = accepted.id"
)


def _mark_sent(letters: Sequence[tuple[Notification, Letter, datetime]]) -> None:
    """Store that these letters were accepted, with the same number of statements for one and for many.

    A correction of a person's address locks the person, and then writes to the waiting letters. Letters that no floor
    follows need no lock on the person, because a file that is being loaded may hold many people.
    """
    known = {notification.pk: (notification, letter, at) for notification, letter, at in letters}
    followers = {pk: _followers(notification) for pk, (notification, *_) in known.items()}
    people = {known[pk][0].jobseeker_id for pk, found in followers.items() if found} - {None}
    if not letters:
        return
    with transaction.atomic():
        if people:
            lock_jobseekers(person for person in people if person is not None)
        rows = [row for row in lock_notifications(known) if row.sent_at is None]
        for row in rows:
            row.sent_at, row.given_up_at, row.given_up_for, row.last_error = known[row.pk][2], None, "", ""
        with connection.cursor() as cursor:
            cursor.execute(MARK_SENT, [[row.pk for row in rows], [row.sent_at for row in rows]])
        Delivery.objects.bulk_create(
            Delivery(
                notification=row,
                channel=NoticeChannel.EMAIL,
                address=known[row.pk][0].email,
                subject=known[row.pk][1].subject,
                accepted_at=known[row.pk][2],
            )
            for row in rows
        )
        addresses_work(channel=NoticeChannel.EMAIL, addresses={notification.email for notification, *_ in letters})
        for row in rows:
            _, letter, at = known[row.pk]
            _end_earlier_links(row, letter)
            for follower in followers[row.pk]:
                follower.told(row, at)


def _followers(notification: Notification) -> list[DeliveryFollower]:
    return [follower for follower in on_delivered if notification.kind in follower.kinds]


def _end_earlier_links(notification: Notification, letter: Letter) -> None:
    if notification.kind == NotificationKind.ADDRESS_TO_CONFIRM:
        addresses.end_earlier_links(token=letter.token)
    elif letter.token:
        accounts.end_earlier_links(token=letter.token)


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
            alerts.letter_failed(notification, address=notification.email, reason=reason_of(error), at=at)
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
