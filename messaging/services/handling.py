"""What an adviser decides about a conversation beside answering: no reply is needed, or it is for later.

A wait for an answer ends by a message to this person alone (`messaging.services.posting`), by a contact that is
recorded, or by « no reply needed ». The two latter leave a `WaitEnd` with who and when. A later message of the person
begins a new wait. So does one that came after the letter which an adviser answers by e-mail.
"""

from datetime import date, datetime, time, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Contact, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit
from accompaniment.services.rights import check_acts
from messaging.enums import Panel, WaitEndedBy
from messaging.locks import lock_conversation
from messaging.models import Conversation, Message, Reminder, WaitEnd
from messaging.reads.participants import participants
from messaging.services import desks
from messaging.services.reply_clock import write_times
from messaging.services.reply_rises import RISES_OF

LONGEST_REMINDER = timedelta(days=366)
NOT_WAITING = "Cette personne n'attend plus de réponse\u00a0: il n'y a rien à classer."
WROTE_SINCE = "Cette personne a écrit depuis. Lisez son nouveau message avant de décider."
NOT_A_LATER_DAY = "Choisissez un jour à partir de demain."
TOO_FAR = "Choisissez un jour dans l'année qui vient."


def need_no_reply(*, actor: User, conversation: Conversation, number: int) -> datetime | None:
    """Settle the person's messages up to `number`, the last that the adviser has seen, without an answer.

    Returns since when a message that came meanwhile waits, or None. Raises NoRightError unless the actor is an adviser
    who follows or covers the person; NotAllowedNowError if nothing up to `number` waits.
    """
    with transaction.atomic():
        locked = _locked(actor, conversation)
        if locked.awaiting_reply_since is None:
            raise NotAllowedNowError(NOT_WAITING)
        if not _settle(locked, number=number, actor=actor, ended_by=WaitEndedBy.NO_REPLY_NEEDED):
            raise NotAllowedNowError(WROTE_SINCE)
        return locked.awaiting_reply_since


def follow_contact(contact: Contact) -> None:
    """Settle what the person wrote before a contact. What came after it still waits."""
    conversation = Conversation.objects.awaiting_reply().filter(jobseeker=contact.jobseeker_id).first()
    if conversation is None:
        return
    locked = lock_conversation(conversation.pk)
    before = Message.objects.filter(conversation=conversation, created_at__lte=contact.at)
    number = before.order_by("-number").values_list("number", flat=True).first() or 0
    _settle(locked, number=number, actor=contact.author, ended_by=WaitEndedBy.CONTACT, contact=contact)


def remind(*, actor: User, conversation: Conversation, on: date | None = None) -> Reminder:
    """Keep a conversation to deal with, now or from the beginning of a later day in the agency's zone.

    The adviser has one reminder for a conversation; a new one replaces it. Raises NoRightError like `need_no_reply`,
    DomainError for a day that is not within the coming year.
    """
    with transaction.atomic():
        locked = _locked(actor, conversation)
        due_at = now = timezone.now()
        if on is not None:
            zone = locked.jobseeker.agency.zone
            today = now.astimezone(zone).date()
            if on <= today:
                raise DomainError(NOT_A_LATER_DAY, about="day")
            if on - today > LONGEST_REMINDER:
                raise DomainError(TOO_FAR, about="day")
            due_at = datetime.combine(on, time(), tzinfo=zone)
        reminder, _ = Reminder.objects.update_or_create(
            conversation=conversation,
            user=actor,
            defaults={"set_at": now, "due_at": due_at, "number": locked.last_number},
        )
        _note(locked, actor, event="reminder")
        transaction.on_commit(partial(desks.tell, [actor.pk], (Panel.MESSAGES,)))
        return reminder


def deal_with(*, actor: User, conversation: Conversation) -> None:
    """End the actor's reminder. Doing it again changes nothing. Raises NoRightError like `need_no_reply`."""
    with transaction.atomic():
        locked = _locked(actor, conversation)
        deleted, _ = Reminder.objects.filter(conversation=conversation, user=actor).delete()
        if deleted:
            _note(locked, actor, event="reminder_done")
            transaction.on_commit(partial(desks.tell, [actor.pk], (Panel.MESSAGES,)))


def _locked(actor: User, conversation: Conversation) -> Conversation:
    """Lock the person and the conversation, and check the right."""
    check_acts(actor, lock_jobseeker(conversation.jobseeker_id), roles=(Role.ADVISER,))
    return lock_conversation(conversation.pk)


def _settle(
    locked: Conversation, *, number: int, actor: User | None, ended_by: WaitEndedBy, contact: Contact | None = None
) -> bool:
    """Write that the messages up to `number` need no answer. Return False, with nothing written, if none of them waits.

    The conversation is locked.
    """
    since = locked.awaiting_reply_since
    number = min(number, locked.last_number)
    asked = Message.objects.filter(conversation=locked, author__role=Role.JOBSEEKER).standing()
    if since is None or not asked.filter(created_at__gte=since, number__lte=number).exists():
        return False
    now = timezone.now()
    WaitEnd.objects.create(conversation=locked, number=number, at=now, actor=actor, ended_by=ended_by, contact=contact)
    later = asked.filter(number__gt=number).order_by("number").values_list("created_at", flat=True)
    RISES_OF.send(conversations=[locked.pk], now=now)
    write_times(locked, later.first())
    _note(locked, actor, event=str(ended_by), number=number)
    staff = participants(locked, now=now).staff
    transaction.on_commit(partial(desks.tell, staff, (Panel.MESSAGES,)))
    return True


def _note(locked: Conversation, actor: User | None, **details: object) -> None:
    audit.record(
        actor=actor,
        jobseeker=locked.jobseeker,
        action=AuditAction.MESSAGE,
        conversation=locked.pk,
        **details,
    )
