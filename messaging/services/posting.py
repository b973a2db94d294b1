"""Stores messages. Every message, from any author and by any way, goes through `post_messages`.

A batch is one transaction with a fixed number of statements, whatever its size. Sockets of one process share a batch
(`messaging.consumers.folds`); a form or a job posts a batch of one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.models import User
from accompaniment.models.statements import in_one_trip
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, excess_in_words, plural
from accompaniment.rules.parsing import lines_in
from accompaniment.services import audit, journal
from accompaniment.services.bounds import Limit
from accompaniment.services.sessions import Held, LookedUp
from caseload.services.desk import summaries
from messaging.enums import AttachmentState, LeftFor, Panel
from messaging.locks import AttachmentLocks, ConversationLocks, LockedConversation
from messaging.models import OF_A_MESSAGE, Attachment, Conversation, Message
from messaging.reads.attachments import AttachmentItem, attachment_item
from messaging.reads.changes import unanswered_since
from messaging.reads.participants import ConversationClosedError, Staff, gathered
from messaging.rules import ATTACHMENTS_AT_MOST, BODY_LIMIT, PIECES_NAMED_AT_MOST, left_to_fill
from messaging.services import desks, live
from messaging.services.posting_statements import BIND, COUNT, HURRY, LEAVE, SENT, STAFF, STANDING, STORE
from messaging.services.reply_rises import RISES_OF

ATTACHMENT_GONE = "Une pièce jointe n'est plus disponible. Retirez-la, puis ajoutez-la de nouveau."
ATTACHMENT_INFECTED = "Un virus a été trouvé dans une pièce jointe. Retirez-la, puis renvoyez votre message."
OF_ANOTHER_CONVERSATION = "Votre message n'est pas parti. Actualisez la page, puis renvoyez-le."

PATIENCE_OF_A_BATCH = "200ms"
"""How long a batch that does not wait may stand behind the lock of somebody else."""


class SessionOverError(DomainError):
    """The session of the socket that sent the message is over."""

    def __init__(self) -> None:
        super().__init__("Votre session est terminée. Reconnectez-vous, puis renvoyez votre message.")


class BusyConversationError(Exception):
    """Somebody else has the conversation in hand. The message can be posted alone, which waits."""


@dataclass(frozen=True, kw_only=True)
class Email:
    """What is known of the e-mail that a message came as.

    `pieces_left`: how many of its files the message does not carry; `left`: what they are called, and why.
    `answers_up_to`: the last message that its author was told of; what came later still waits for an answer. None, if
    that is not known: nothing waits any more.
    """

    pieces_left: int = 0
    left: tuple[tuple[str, LeftFor], ...] = ()
    answers_up_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message to post.

    A message with the same author and `client_id` is stored once: sending it again returns the stored row, whatever
    the text. A `collective` text, which goes to several people, answers nobody and is no contact. `attachments` are
    files that the author has stored for this conversation; a message with a file needs no text. `held`, of a
    message from a socket, is the session that opened it: it is looked up with the right to write. With a `card`, an
    upper floor shows what the text offers.
    """

    author_pk: int
    conversation_pk: int
    client_id: UUID
    body: str
    collective: bool = False
    email: Email | None = None
    attachments: tuple[int, ...] = ()
    held: Held | None = None
    card: bool = False

    @property
    def key(self) -> tuple[int, UUID]:
        """Identifies the message for ever."""
        return self.author_pk, self.client_id


Outcome = Message | Exception


def post_message(
    *,
    actor: User,
    conversation: Conversation,
    client_id: UUID,
    body: str,
    collective: bool = False,
    email: Email | None = None,
    attachments: Sequence[int] = (),
    card: bool = False,
) -> Message:
    """Store a message and return it with its number; then show it on the open screens. See `Draft`.

    Raises DomainError for an empty or too long text, a lost right, a file that is gone, or a `client_id` of another
    conversation, with nothing written.
    """
    draft = Draft(
        author_pk=actor.pk,
        conversation_pk=conversation.pk,
        client_id=client_id,
        body=body,
        collective=collective,
        email=email,
        attachments=tuple(attachments),
        card=card,
    )
    (outcome,) = post_messages([draft])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def post_messages(drafts: Sequence[Draft], *, waits: bool = True) -> list[Outcome]:
    """Store messages in one transaction, and return for each the stored row or why it was refused.

    One that is refused keeps no other from being stored. The right to write, and the session of a message from a
    socket, are looked up under the conversations' locks, so that a hand-over or a log-out counts at once. Without
    `waits`, a message whose conversation is locked by somebody else gets BusyConversationError.
    """
    with transaction.atomic():
        batch = _Batch(drafts, waits=waits)
        outcomes = [batch.take(draft) for draft in drafts]
        batch.write()
    return outcomes


class _Batch:
    """Messages that one transaction stores: what was looked up for all of them, then what is to be written.

    The look-ups and the writes are one trip to the database each. If there are files, each has one statement more, and
    so have the writes if an e-mail had files that are left.
    """

    def __init__(self, drafts: Sequence[Draft], *, waits: bool) -> None:
        self.waits = waits
        asked_at = timezone.now()
        self.new: list[Message] = []
        self.carried: dict[tuple[int, int], list[Attachment]] = {}
        """The files of each new message, by its conversation and number."""
        authors = [draft.author_pk for draft in drafts]
        conversations = [draft.conversation_pk for draft in drafts]
        offered = [file for draft in drafts for file in draft.attachments]
        with in_one_trip():
            if not waits:
                HURRY.send(patience=PATIENCE_OF_A_BATCH)
            locks = ConversationLocks(conversations, waits=waits)
            staff = STAFF.send(conversations=conversations, now=asked_at)
            known = LookedUp(held={draft.held for draft in drafts if draft.held is not None}, accounts=authors)
            standing = STANDING.send(authors=authors, client_ids=[draft.client_id for draft in drafts])
            files = AttachmentLocks(offered, conversations=conversations, waits=waits) if offered else None
            sent = SENT.send(
                act=BoundedAct.MESSAGES.value,
                day=timezone.localdate(asked_at),
                now=asked_at,
                authors=authors,
                conversations=conversations,
            )
        self.conversations = locks.read()
        # Whoever waited for the lock writes later than the one who had it: numbers and times go the same way.
        self.now = timezone.now()
        self.files = files.read() if files else {}
        self.waited = {pk: one.awaiting_reply_since for pk, one in self.conversations.items()}
        self.risen = {pk for pk, one in self.conversations.items() if one.times and one.times.desk_at <= self.now}
        by_person = gathered(staff)
        self.who = {
            one.pk: by_person.get(one.jobseeker_pk, Staff()).participants(one.user_pk)
            for one in self.conversations.values()
        }
        self.authors, self.belonging = known.accounts, known.belonging
        self.standing = {
            (message.author_id, message.client_id): message
            for message in (Message.from_db("default", OF_A_MESSAGE, row) for row in standing)
        }
        self.allowed = {
            author: (Limit(act=BoundedAct.MESSAGES, most=most, within=timedelta(minutes=minutes)), done)
            for most, minutes, author, done in sent
        }

    def take(self, draft: Draft) -> Outcome:
        """Number a message, or return why it is refused."""
        try:
            return self._take(draft)
        except (DomainError, BusyConversationError) as refusal:
            return refusal

    def _take(self, draft: Draft) -> Message:
        text = checked_text(draft.body, files=len(draft.attachments))
        conversation = self.conversations.get(draft.conversation_pk)
        if conversation is None:
            raise ConversationClosedError if self.waits else BusyConversationError
        if draft.held is not None and draft.held not in self.belonging:
            raise SessionOverError
        standing = self.standing.get(draft.key)
        if standing is not None:
            if standing.conversation_id != conversation.pk:
                raise DomainError(OF_ANOTHER_CONVERSATION)
            return standing
        author = self.authors[draft.author_pk]
        self.who[conversation.pk].check_writes(author)
        check_filled_in(author, text)
        if len(set(draft.attachments)) != len(draft.attachments):
            raise DomainError(ATTACHMENT_GONE, about="attachments")
        files = [self._file(draft, pk) for pk in draft.attachments]
        self._check_bound(author)
        message = _next(conversation, author=author, draft=draft, text=text, at=self.now)
        if files:
            self.carried[conversation.pk, message.number] = files
            for file in files:
                del self.files[file.pk]
        self.standing[draft.key] = message
        self.new.append(message)
        return message

    def _file(self, draft: Draft, pk: int) -> Attachment:
        """Return a file that the message may carry: its author's own, for this conversation, and not carried yet."""
        file = self.files.get(pk)
        if file is None and not self.waits:
            raise BusyConversationError
        if (
            file is None
            or (file.uploader_id, file.conversation_id) != (draft.author_pk, draft.conversation_pk)
            or file.message_id is not None
            or file.state == AttachmentState.ARRIVING
        ):
            raise DomainError(ATTACHMENT_GONE, about="attachments")
        if file.state == AttachmentState.INFECTED:
            raise DomainError(ATTACHMENT_INFECTED, about="attachments")
        return file

    def _check_bound(self, author: User) -> None:
        if author.pk in self.allowed:
            limit, done = self.allowed[author.pk]
            limit.check(done)
            self.allowed[author.pk] = limit, done + 1

    def write(self) -> None:
        """Write what is new: messages, counters, portfolio rows, journal (one line a day) and audit (never a text)."""
        if not self.new:
            return
        changed = [self.conversations[pk] for pk in dict.fromkeys(message.conversation_id for message in self.new)]
        with in_one_trip():
            stored = self._store()
            # Before a late wait is over, what it had reached is noted.
            late = [one.pk for one in changed if self._has_ended(one) and one.pk in self.risen]
            if late:
                RISES_OF.send(conversations=late, now=self.now)
            if self.carried:
                self._bind()
            if any(message.left for message in self.new):
                self._leave()
            COUNT.send(
                conversations=[one.pk for one in changed],
                numbers=[one.last_number for one in changed],
                awaiting=[one.awaiting_reply_since for one in changed],
                desk=[one.times.desk_at if one.times else None for one in changed],
                team=[one.times.team_at if one.times else None for one in changed],
                due=[one.times.due_at if one.times else None for one in changed],
            )
            self._tell_of_contacts()
            audit.record_batch(action=AuditAction.MESSAGE, acts=[self._audited(message) for message in self.new])
        keys = {(conversation, number): pk for conversation, number, pk in stored}
        for message in self.new:
            message.pk = keys[message.conversation_id, message.number]
        transaction.on_commit(partial(live.publish, [self._event(message) for message in self.new]))
        for one in changed:
            if self._has_changed(one):
                transaction.on_commit(partial(desks.tell, self.who[one.pk].staff, (Panel.MESSAGES,)))

    def _has_changed(self, conversation: LockedConversation) -> bool:
        return conversation.awaiting_reply_since != self.waited[conversation.pk]

    def _has_ended(self, conversation: LockedConversation) -> bool:
        """Whether the wait of before is over; another one may have taken its place."""
        return self.waited[conversation.pk] is not None and self._has_changed(conversation)

    def _store(self) -> Iterable[tuple[int, int, int]]:
        return STORE.send(
            at=self.now,
            conversations=[message.conversation_id for message in self.new],
            numbers=[message.number for message in self.new],
            authors=[message.author_id for message in self.new],
            client_ids=[message.client_id for message in self.new],
            bodies=[message.body for message in self.new],
            collective=[message.collective for message in self.new],
            by_email=[message.by_email for message in self.new],
            pieces_left=[message.pieces_left for message in self.new],
            answers_up_to=[message.answers_up_to for message in self.new],
            attached=[message.attached for message in self.new],
            cards=[message.card for message in self.new],
        )

    def _bind(self) -> None:
        bound = [
            (file.pk, conversation, number, position)
            for (conversation, number), files in self.carried.items()
            for position, file in enumerate(files, 1)
        ]
        pks, conversations, numbers, positions = (list(column) for column in zip(*bound, strict=True))
        BIND.send(attachments=pks, conversations=conversations, numbers=numbers, positions=positions)

    def _leave(self) -> None:
        left = [
            (message.conversation_id, message.number, position, name, why.value)
            for message in self.new
            for position, (name, why) in enumerate(message.left, 1)
        ]
        conversations, numbers, positions, names, reasons = (list(column) for column in zip(*left, strict=True))
        LEAVE.send(conversations=conversations, numbers=numbers, positions=positions, names=names, reasons=reasons)

    def _tell_of_contacts(self) -> None:
        """Write the portfolio rows, and one line a day of each journal: by whoever wrote first."""
        lines: dict[str, tuple[int, int, str]] = {}
        awaiting: dict[int, tuple[int, datetime | None, datetime | None]] = {}
        for message in self.new:
            if message.collective:
                continue
            conversation = self.conversations[message.conversation_id]
            source = f"chat:{conversation.pk}:{self.now.astimezone(conversation.zone).date()}"
            lines.setdefault(source, (conversation.jobseeker_pk, message.author_id, source))
            due = conversation.times.due_at if conversation.times else None
            awaiting[conversation.jobseeker_pk] = conversation.jobseeker_pk, conversation.awaiting_reply_since, due
        if lines:
            summaries.write_messages(at=self.now, lines=sorted(awaiting.values(), key=itemgetter(0)))
            journal.write_messages(at=self.now, lines=lines.values())

    def _audited(self, message: Message) -> tuple[int, int, dict[str, Any]]:
        person = self.conversations[message.conversation_id].jobseeker_pk
        details = {"conversation": message.conversation_id, "number": message.number}
        if message.by_email:
            details["by_email"] = True
        if message.attached:
            details["attachments"] = message.attached
        return message.author_id, person, details

    def _event(self, message: Message) -> live.MessageStored:
        return live.MessageStored(
            conversation_id=message.conversation_id,
            number=message.number,
            readers=tuple(sorted(self.who[message.conversation_id].readers)),
            item=message_item(
                message,
                [attachment_item(file) for file in self.carried.get((message.conversation_id, message.number), ())],
            ),
        )


def checked_text(body: str, *, files: int = 0) -> str:
    """Return the text as it is stored; raise DomainError if it is too long, or empty without files."""
    text = lines_in(body).strip()
    if not text and not files:
        raise DomainError("Écrivez votre message avant de l'envoyer.", about="body")
    if len(text) > BODY_LIMIT:
        raise DomainError(excess_in_words(len(text), most=BODY_LIMIT), about="body")
    check_number(files)
    return text


def check_filled_in(author: User, text: str) -> None:
    """Raise DomainError if a text of the staff holds a placeholder of a canned reply that nobody has filled in."""
    if not author.is_jobseeker and (sentence := left_to_fill(text)):
        raise DomainError(sentence, about="body")


def check_number(files: int) -> None:
    """Raise DomainError if so many files are too many for one message."""
    if files > ATTACHMENTS_AT_MOST:
        excess = files - ATTACHMENTS_AT_MOST
        sentence = (
            f"{counted(excess, 'une pièce jointe,pièces jointes')} de trop\u00a0: {ATTACHMENTS_AT_MOST} au plus par "
            f"message. Retirez-{plural(excess, 'la,les')}, ou envoyez-{plural(excess, 'la,les')} dans un autre message."
        )
        raise DomainError(sentence, about="attachments")


def _next(conversation: LockedConversation, *, author: User, draft: Draft, text: str, at: datetime) -> Message:
    """Give the message the next number. The conversation is locked, so nobody else takes it."""
    conversation.last_number += 1
    up_to = draft.email.answers_up_to if draft.email is not None and not author.is_jobseeker else None
    if author.is_jobseeker:
        conversation.begin_wait(at)
    elif up_to is not None:
        # Only for an e-mail of the staff, which is posted alone.
        still = unanswered_since(conversation.pk, answered=up_to)
        conversation.end_wait()
        if still is not None:
            conversation.begin_wait(still)
    elif not draft.collective:
        conversation.end_wait()
    message = Message(
        conversation_id=conversation.pk,
        number=conversation.last_number,
        author=author,
        client_id=draft.client_id,
        body=text,
        collective=draft.collective,
        by_email=draft.email is not None,
        pieces_left=draft.email.pieces_left if draft.email is not None else 0,
        answers_up_to=up_to,
        attached=len(draft.attachments),
        card=draft.card,
        created_at=at,
    )
    if draft.email is not None:
        message.left = draft.email.left[:PIECES_NAMED_AT_MOST]
    return message


def message_item(message: Message, attachments: Sequence[AttachmentItem] = ()) -> live.MessageItem:
    """Return a message as sent to screens; load `author` with it, as the account is called now, `change` and `left`."""
    item: live.MessageItem = {
        "number": message.number,
        "author": message.author_id,
        "name": message.author.full_name,
        "staff": not message.author.is_jobseeker,
        "client_id": str(message.client_id),
        "at": message.created_at.isoformat(),
        "body": message.text,
        "attachments": list(attachments),
    }
    if message.card:
        item["card"] = True
    if message.by_email:
        item["email"] = message.note
    if message.change is not None:
        item |= {"change": message.change.number, "deleted": message.is_deleted}
    return item
