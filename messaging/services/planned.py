"""Messages that wait until the person's agency opens: the right to disconnect, for the adviser and for the person.

Until a message has left, its author alone reads its text, and the person knows nothing of it: there is no audit row
either, because people read those of their file. The wait for an answer ends when the message has left, not before. A
worker sends it once after the opening (`services.sendings`), and looks the right up then.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.services.rights import check_acts
from caseload.services.desk.summaries import write_summary
from messaging.enums import NotSentFor, Panel
from messaging.locks import lock_conversation, lock_waiting_planned, take_planned
from messaging.models import Conversation, Message, PlannedMessage
from messaging.reads.participants import ConversationClosedError, participants
from messaging.reads.planned import next_opening
from messaging.services import desks, sendings
from messaging.services.posting import OF_ANOTHER_CONVERSATION, Draft, check_filled_in, checked_text, post_message

NOT_YOURS = "Ce message n'est pas de vous\u00a0: seule la personne qui l'a écrit peut le changer."
HAS_LEFT = "Ce message ne peut plus être changé\u00a0: il est déjà parti, ou a été retiré."
MEANWHILE = (
    "Ce message a été changé entre-temps sur un autre écran. Relisez-le, puis enregistrez de nouveau votre texte."
)
NO_FILES = "Une pièce jointe ne peut pas attendre l'ouverture. Retirez-la, ou envoyez maintenant."


def shown_of(planned: PlannedMessage) -> Shown:
    """Return what a page shows of a planned message."""
    return Shown("planned", planned.pk, {"body": planned.body})


def plan_message(*, actor: User, conversation: Conversation, client_id: UUID, body: str) -> PlannedMessage | Message:
    """Let a message wait until the person's agency opens; if it is open, or has no hours, the message leaves at once.

    The same `client_id` again returns what stands, whatever the text. Raises DomainError for an empty or too long text
    or without the right, with nothing written. A message of the person themselves never waits.
    """
    text = checked_text(body)
    check_filled_in(actor, text)
    with transaction.atomic():
        person = lock_jobseeker(conversation.jobseeker_id)
        standing: PlannedMessage | None = PlannedMessage.objects.filter(author=actor, client_id=client_id).first()
        if standing is not None:
            if standing.conversation_id != conversation.pk:
                raise DomainError(OF_ANOTHER_CONVERSATION)
            return standing
        now = timezone.now()
        opening = next_opening(person.agency, now=now)
        has_left = Message.objects.filter(author=actor, client_id=client_id).exists()
        if has_left or actor.is_jobseeker or opening is None or opening.starts_at <= now:
            return post_message(actor=actor, conversation=conversation, client_id=client_id, body=text)
        locked = lock_conversation(conversation.pk)
        participants(locked, now=now).check_writes(actor)
        check_acts(actor, person, roles=(Role.ADVISER,))
        planned = PlannedMessage.objects.create(
            conversation=locked,
            author=actor,
            client_id=client_id,
            body=text,
            written_at=now,
            due_at=opening.starts_at,
            next_try_at=opening.starts_at,
            after_number=locked.last_number,
        )
        _tell(locked, now=now)
        return planned


def plan_in(*, actor: User, conversation_id: int, client_id: UUID, body: str) -> PlannedMessage | Message:
    """Let a message wait in the conversation with this key; see `plan_message`. Raises ConversationClosedError."""
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None:
        raise ConversationClosedError
    return plan_message(actor=actor, conversation=conversation, client_id=client_id, body=body)


def change_planned(*, actor: User, planned: PlannedMessage, body: str, seen: State) -> PlannedMessage:
    """Give a planned message another text. `seen` is what the page showed of it.

    Raises NoRightError unless the actor wrote it, NotAllowedNowError if it has left or was withdrawn, DomainError for
    an empty or too long text, or if it was changed meanwhile.
    """
    text = checked_text(body)
    check_filled_in(actor, text)
    with transaction.atomic():
        row = _locked(actor, planned)
        check_seen(seen, shown_of(row), MEANWHILE)
        conversation = lock_conversation(row.conversation_id)
        row.body, row.after_number = text, conversation.last_number
        row.save(update_fields=["body", "after_number"])
        return row


def send_now(*, actor: User, planned: PlannedMessage) -> Message:
    """Send a planned message at once. Raises as `change_planned`, and DomainError if the right to write is lost."""
    with transaction.atomic():
        return _store(_locked(actor, planned))


def withdraw(*, actor: User, planned: PlannedMessage) -> PlannedMessage:
    """Withdraw a planned message: it does not leave, and its author keeps the text. Raises as `change_planned`."""
    with transaction.atomic():
        row = _locked(actor, planned)
        row.given_up_at, row.given_up_for = timezone.now(), NotSentFor.WITHDRAWN
        row.save(update_fields=["given_up_at", "given_up_for"])
        _tell(lock_conversation(row.conversation_id), now=timezone.now())
        return row


def put_away(*, actor: User, planned: PlannedMessage) -> None:
    """Note that the author has read that a message was not sent. Doing it again changes nothing."""
    if planned.author_id != actor.pk:
        raise NoRightError(NOT_YOURS)
    unsent = PlannedMessage.objects.filter(pk=planned.pk, given_up_at__isnull=False, put_away_at=None)
    unsent.update(put_away_at=timezone.now())


def send_planned() -> int:
    """Send what was to leave by now; return how many messages have left. Calling it twice or late is the same."""
    return sendings.send_due(take_planned, send_one)


def send_one(pk: int) -> bool:
    """Send one planned message. If the right to write is lost, its author is told, and keeps the text."""
    return sendings.send_one(pk, lock_waiting_planned, _store_or_tell)


def _store_or_tell(row: PlannedMessage) -> Message:
    try:
        return _store(row)
    except DomainError:
        _tell_after(row)
        raise


def _store(row: PlannedMessage) -> Message:
    draft = Draft(author_pk=row.author_id, conversation_pk=row.conversation_id, client_id=row.client_id, body=row.body)
    message = sendings.store_message(row, draft)
    _tell_after(row)
    return message


def _locked(actor: User, planned: PlannedMessage) -> PlannedMessage:
    """Lock a planned message of the actor that still waits."""
    if planned.author_id != actor.pk:
        raise NoRightError(NOT_YOURS)
    row = lock_waiting_planned(planned.pk)
    if row is None:
        raise NotAllowedNowError(HAS_LEFT)
    return row


def _tell(conversation: Conversation, *, now: datetime, without: int | None = None) -> None:
    """Note in the portfolio list when the next answer of a locked conversation is planned, and tell open pages.

    `without`: a message that is about to be given up.
    """
    waiting = PlannedMessage.objects.waiting().filter(conversation=conversation).exclude(pk=without)
    write_summary(
        jobseeker_id=conversation.jobseeker_id, reply_planned_at=waiting.aggregate(first=Min("due_at"))["first"]
    )
    staff = participants(conversation, now=now).staff
    transaction.on_commit(partial(desks.tell, staff, (Panel.MESSAGES,)))


def _tell_after(row: PlannedMessage) -> None:
    _tell(lock_conversation(row.conversation_id), now=timezone.now(), without=row.pk)
    transaction.on_commit(partial(desks.tell, [row.author_id], (Panel.MESSAGES,)))
