"""Files of messages: stored first, then carried by a message (`posting`), scanned, and removed if no message comes.

That of a deleted message is kept out of reach for some time, in case it was a mistake or a dispute, and then erased.

A row says `arriving` until its file is on the disk, so a process that dies in between leaves no file without a row. The
scanner is asked outside any transaction.
"""

import io
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.file_kinds import PICTURES, FileKind, kind_of
from accompaniment.rules.french import MEGABYTE, size_in_words
from accompaniment.services import audit
from accompaniment.services.bounds import check_bound
from accompaniment.services.lost_files import LOST_AFTER, lost_among
from messaging.enums import AttachmentState, LeftFor
from messaging.locks import lock_attachment
from messaging.models import Attachment, Conversation
from messaging.reads.attachments import STORED, file_name
from messaging.reads.participants import participants
from messaging.rules import RefusedFileError
from messaging.services import attachment_files, pictures, scanner
from messaging.services.scanner import ScannerAwayError

logger = logging.getLogger(__name__)

KEPT_WITHOUT_MESSAGE = timedelta(days=1)
UNBOUND_AT_MOST = 20
"""Files that one account may have stored for a conversation without having sent them."""
AT_ONCE = 500
"""Rows that one run of a job takes."""

EMPTY = "Ce fichier est vide. Choisissez-en un autre."
WRONG_KIND = (
    "Ce fichier ne peut pas être joint. Choisissez un PDF, une image, ou un document Word, Excel, PowerPoint ou "
    "LibreOffice sans macro."
)
INFECTED = "Un virus a été trouvé dans ce fichier. Il est refusé, et rien n'en est gardé."
TOO_MANY_UNSENT = "Vous avez déjà ajouté {most} fichiers sans les envoyer. Envoyez-les, ou retirez-en."


class ReplacedError(DomainError):
    """The same file was sent a second time before the first sending was over; the second one counts."""

    def __init__(self) -> None:
        super().__init__("Cet envoi a été remplacé par un autre.", about="uploads")


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    kind: FileKind
    content: bytes
    preview: bytes = b""


def largest() -> int:
    """Return how large a file may be, in bytes."""
    return settings.ATTACHMENT_MAXIMUM_MEGABYTES * MEGABYTE


def check_size(size: int) -> None:
    """Raise RefusedFileError for an empty file, or one that is too large."""
    if not size:
        raise RefusedFileError(EMPTY, LeftFor.EMPTY)
    if size > largest():
        sentence = (
            f"{size_in_words(size - largest())} de trop\u00a0: {size_in_words(largest())} au plus par fichier. "
            "Réduisez-le, ou envoyez-le en plusieurs parties."
        )
        raise RefusedFileError(sentence, LeftFor.SIZE)


def store(
    *,
    actor: User,
    conversation: Conversation,
    name: str,
    source: "IO[bytes] | File[bytes]",
    client_id: UUID | None = None,
) -> Attachment:
    """Store a file that the actor will send in a conversation; `post_message` takes its key.

    Its kind is found by its content, a picture is encoded anew. Without a verdict of the scanner the file is `waiting`,
    and nobody can open it. A file with the same `client_id` is stored once. Nothing is stored if it raises:
    RefusedFileError for a file that is empty, too large, of a kind that is not accepted, damaged or infected, or one of
    too many; ReplacedError if it was stored again meanwhile; another DomainError without the right to write.
    """
    client_id = client_id or uuid4()
    prepared = _prepared(source)
    file = _begin(actor, conversation, client_id, file_name(name, prepared.kind), prepared)
    if file.state != AttachmentState.ARRIVING:
        return file
    try:
        attachment_files.write(file.key, prepared.content, prepared.preview)
        verdict = scanner.scan(prepared.content) if scanner.is_used() else None
    except ScannerAwayError as error:
        logger.warning("The virus scanner gives no verdict, attachment %s waits: %s", file.pk, error)
        return _settle(file, AttachmentState.WAITING, scanned_at=None)
    except BaseException:
        _discard(file)
        raise
    if verdict is not None and verdict.infection:
        _discard(file)
        _record_infection(file, verdict.infection)
        raise RefusedFileError(INFECTED, LeftFor.VIRUS)
    return _settle(file, AttachmentState.READY, scanned_at=timezone.now() if verdict is not None else None)


def _prepared(source: "IO[bytes] | File[bytes]") -> _Prepared:
    """Return what of a file is stored."""
    check_size(source.seek(0, io.SEEK_END))
    kind = kind_of(source)
    if kind in PICTURES:
        picture = pictures.anew(source, kind)
        check_size(len(picture.content))
        return _Prepared(kind=picture.kind, content=picture.content, preview=picture.preview)
    if kind is None or kind.media_type not in STORED:
        raise RefusedFileError(WRONG_KIND, LeftFor.KIND)
    source.seek(0)
    return _Prepared(kind=kind, content=source.read())


def _begin(actor: User, conversation: Conversation, client_id: UUID, name: str, prepared: _Prepared) -> Attachment:
    """Write the row of a file that is about to be written, if the actor may write in the conversation.

    Return the row that stands if the same file was stored before. What a sending that was cut has left is removed.
    """
    with transaction.atomic():
        conversation.jobseeker = lock_jobseeker(conversation.jobseeker_id)
        participants(conversation, now=timezone.now()).check_writes(actor)
        own = Attachment.objects.filter(uploader=actor)
        pk = own.filter(client_id=client_id).values_list("pk", flat=True).first()
        # Whoever is still storing it may be about to say that it is ready, and to send it.
        standing = lock_attachment(pk) if pk is not None else None
        if standing is not None and standing.state == AttachmentState.ARRIVING:
            _delete(standing)
        elif standing is not None:
            return _same(standing, conversation)
        if own.unbound().filter(conversation=conversation).count() >= UNBOUND_AT_MOST:
            raise RefusedFileError(TOO_MANY_UNSENT.format(most=UNBOUND_AT_MOST), LeftFor.TOO_MANY)
        if actor.is_jobseeker:
            _check_bounds(actor, size=len(prepared.content))
        file = Attachment.objects.create(
            conversation=conversation,
            uploader=actor,
            client_id=client_id,
            key=uuid4().hex,
            name=name,
            media_type=prepared.kind.media_type,
            size=len(prepared.content),
            has_preview=bool(prepared.preview),
            created_at=timezone.now(),
        )
        _record(file, "attached")
    return file


def _same(standing: Attachment, conversation: Conversation) -> Attachment:
    if standing.conversation_id != conversation.pk:
        raise DomainError("Ce fichier n'est pas parti. Retirez-le, puis ajoutez-le de nouveau.", about="uploads")
    return standing


def _check_bounds(actor: User, *, size: int) -> None:
    """Raise TooManyError for too many files or bytes; the limits are those of documents."""
    own = Attachment.objects.filter(uploader=actor)
    check_bound(BoundedAct.DOCUMENTS, done=lambda since: own.filter(created_at__gt=since).count())

    def megabytes(since: datetime) -> int:
        earlier: int = own.filter(created_at__gt=since).aggregate(size=Sum("size", default=0))["size"]
        return ceil((earlier + size) / MEGABYTE)

    check_bound(BoundedAct.DOCUMENT_MEGABYTES, done=megabytes, adding=0)


def _settle(file: Attachment, state: AttachmentState, *, scanned_at: datetime | None) -> Attachment:
    """Say of a file on the disk whether it may be opened. Raises ReplacedError if it was stored again meanwhile."""
    with transaction.atomic():
        locked = lock_attachment(file.pk)
        if locked is None:
            attachment_files.delete(file.key)
            raise ReplacedError
        locked.state, locked.scanned_at = state, scanned_at
        locked.save(update_fields=["state", "scanned_at"])
    return locked


def remove(*, actor: User, attachment: Attachment) -> None:
    """Remove a file that its uploader does not send after all. One that a message carries stays."""
    with transaction.atomic():
        locked = lock_attachment(attachment.pk)
        if locked is None:
            return
        if locked.uploader_id != actor.pk or locked.message_id is not None:
            raise DomainError("Ce fichier est déjà envoyé\u00a0: il ne peut plus être retiré.")
        _record(locked, "detached")
        _delete(locked)


def forget_unsent(now: datetime) -> int:
    """Remove the files that no message has carried within a day; return how many. Calling it twice is the same."""
    old = Attachment.objects.unbound().filter(created_at__lte=now - KEPT_WITHOUT_MESSAGE).order_by("pk")
    removed = 0
    for pk in old.values_list("pk", flat=True)[:AT_ONCE]:
        with transaction.atomic():
            locked = lock_attachment(pk)
            if locked is not None and locked.message_id is None:
                _delete(locked)
                removed += 1
    return removed


def erase_deleted(now: datetime) -> int:
    """Erase the files of messages that were deleted `DELETED_FILES_KEPT_DAYS` ago, and their names; return how many.

    Calling it twice, late, or in two workers is the same. A file goes before its row says so: if the worker dies in
    between, the next run does both again. Nobody can open it meanwhile, because its message is deleted.
    """
    erased = 0
    for pk in Attachment.objects.to_erase(now).values_list("pk", flat=True)[:AT_ONCE]:
        with transaction.atomic():
            locked = lock_attachment(pk)
            if locked is None or locked.state not in {AttachmentState.WAITING, AttachmentState.READY}:
                continue
            attachment_files.delete(locked.key)
            locked.state, locked.has_preview = AttachmentState.ERASED, False
            locked.name = file_name("", STORED[locked.media_type])
            locked.save(update_fields=["state", "has_preview", "name"])
            _record(locked, "erased", by_job=True)
            erased += 1
    return erased


def forget_lost(now: datetime) -> int:
    """Delete files on the disk that no row keeps, because a process died before it could; return how many."""
    kept = Attachment.objects.exclude(state__in=(AttachmentState.INFECTED, AttachmentState.ERASED))
    lost = lost_among(attachment_files.keys(), lambda some: kept.filter(key__in=some).values_list("key", flat=True))
    return sum(attachment_files.delete_if_old(key, before=now - LOST_AFTER) for key in lost)


def scan_waiting() -> int:
    """Ask the scanner about the files that wait for a verdict; return how many got one.

    If it is away, all go on waiting. Two workers may ask about the same file; the verdict is written once.
    """
    if not scanner.is_used():
        return 0
    waiting = Attachment.objects.filter(state=AttachmentState.WAITING).order_by("created_at", "pk")
    settled = 0
    for file in waiting[:AT_ONCE]:
        try:
            verdict = scanner.scan(attachment_files.read(file.key))
        except FileNotFoundError:
            logger.error("The file of attachment %s is missing.", file.pk)
            continue
        except ScannerAwayError as error:
            logger.warning("The virus scanner gives no verdict, attachments go on waiting: %s", error)
            break
        settled += _note_verdict(file.pk, infection=verdict.infection)
    return settled


def _note_verdict(pk: int, *, infection: str) -> bool:
    with transaction.atomic():
        locked = lock_attachment(pk)
        if locked is None or locked.state != AttachmentState.WAITING:
            return False
        locked.state = AttachmentState.INFECTED if infection else AttachmentState.READY
        locked.scanned_at = timezone.now()
        locked.save(update_fields=["state", "scanned_at"])
        if infection:
            _record_infection(locked, infection)
            transaction.on_commit(lambda: attachment_files.delete(locked.key))
    return True


def _discard(file: Attachment) -> None:
    """Remove the row and the file of something that is not kept."""
    with transaction.atomic():
        locked = lock_attachment(file.pk)
        if locked is not None:
            _delete(locked)
    attachment_files.delete(file.key)


def _delete(file: Attachment) -> None:
    key = file.key
    file.delete()
    transaction.on_commit(lambda: attachment_files.delete(key))


def _record(file: Attachment, event: str, *, by_job: bool = False, **facts: str) -> None:
    audit.record(
        actor=None if by_job else file.uploader,
        jobseeker=file.conversation.jobseeker,
        action=AuditAction.DOCUMENT,
        event=event,
        attachment=file.pk,
        **facts,
    )


def _record_infection(file: Attachment, infection: str) -> None:
    logger.warning("Attachment %s is infected: %s", file.pk, infection[:200])
    _record(file, "infected", infection=infection[:200])
