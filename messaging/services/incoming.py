"""Takes e-mails to the addresses of `messaging.services.reply_addresses`.

An answer of the account that was written to becomes a message of the conversation, with all its rights and limits. A
letter that comes back says something about the address of its reader. Everything else goes nowhere: its sender is told
by a refusal to the mail server that hands it over, and never if a machine wrote it, because two machines could answer
each other for ever.
"""

import io
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone

from accompaniment.enums import NoticeChannel
from accompaniment.models import Notification, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import size_in_words
from accompaniment.rules.spelling import written
from accompaniment.services.bounds import TooManyError
from messaging.enums import AttachmentState, LeftFor
from messaging.models import Attachment, Conversation, Message
from messaging.reads.attachments import name_of_left
from messaging.rules import ATTACHMENTS_AT_MOST, RefusedFileError
from messaging.services.alerts import letter_failed
from messaging.services.attachments import ReplacedError, remove, store
from messaging.services.posting import Email, checked_text, post_message
from messaging.services.quotations import without_quotation
from messaging.services.received import Failure, Piece, Received, UnreadableError, read_mail
from messaging.services.relay import NOBODY
from messaging.services.reply_addresses import (
    ExpiredAddressError,
    ForgedAddressError,
    ReplyAddress,
    ReturnAddress,
    read_address,
)

logger = logging.getLogger(__name__)

FAMILY = UUID("6f1c1f52-4f0e-4a8e-9d0b-6d2f6c1e2b4a")
"""The namespace in which the key of a message is made of its e-mail."""

NO_SUCH_ADDRESS = "Cette adresse n'existe pas."
TOO_OLD = "Cette adresse de réponse n'est plus valable. Répondez depuis votre espace."
OF_SOMEBODY_ELSE = "Seule l'adresse e-mail de votre compte peut répondre ici. Répondez depuis votre espace."
CLOSED = "Ce compte est fermé."
UNREADABLE = "Votre e-mail n'a pas pu être lu. Répondez depuis votre espace."
EMPTY = "Votre e-mail ne contient pas de texte. Répondez depuis votre espace."
NOTHING_TAKEN = "Rien de votre e-mail n'a pu être repris ({why}). Répondez depuis votre espace."


class Taken(StrEnum):
    """What became of an e-mail that the service keeps or throws away without a word."""

    STORED = "stored"
    BOUNCED = "bounced"
    DROPPED = "dropped"


@dataclass(frozen=True)
class RefusedMailError(Exception):
    """The e-mail is not taken. `code`: the reply of the door (RFC 3463); `sentence` is for its sender."""

    code: str
    sentence: str

    @property
    def is_for_now(self) -> bool:
        """Whether the same e-mail may be taken later."""
        return self.code.startswith("4")

    @property
    def is_unknown(self) -> bool:
        """Whether the address is none of the service."""
        return self.code.endswith("5.1.1")


def too_large_in_words() -> str:
    """Return what the writer of an e-mail reads that is larger than `REPLY_MAXIMUM_BYTES`."""
    most = size_in_words(settings.REPLY_MAXIMUM_BYTES)
    return f"Votre e-mail est trop volumineux\u00a0: {most} au plus. Ajoutez vos fichiers depuis votre espace."


def check_recipient(recipient: str) -> ReplyAddress | ReturnAddress:
    """Return what an address stands for. Raises RefusedMailError, which reveals only whether the service made it."""
    try:
        return read_address(recipient, now=timezone.now())
    except ForgedAddressError:
        raise RefusedMailError("550 5.1.1", NO_SUCH_ADDRESS) from None
    except ExpiredAddressError:
        raise RefusedMailError("550 5.1.6", TOO_OLD) from None


def take_mail(content: bytes, *, recipient: str, return_path: str | None) -> Taken:
    """Take one e-mail for one recipient; taking it again changes nothing. Raises RefusedMailError.

    `return_path`: the sender of the envelope, None if it is not known. An error of the database passes through: the
    mail server keeps the e-mail and brings it again.
    """
    address = check_recipient(recipient)
    try:
        mail = read_mail(content, return_path=return_path)
    except UnreadableError:
        if isinstance(address, ReturnAddress) or not (return_path or "").strip("<> "):
            return _dropped("it cannot be read")
        raise RefusedMailError("550 5.6.0", UNREADABLE) from None
    if isinstance(address, ReturnAddress):
        return _came_back(mail, address)
    if mail.is_automatic:
        return _dropped("a machine wrote it")
    return _answer(mail, address, local=written(recipient).partition("@")[0])


def _answer(mail: Received, address: ReplyAddress, *, local: str) -> Taken:
    author = User.objects.filter(pk=address.user_pk).first()
    conversation = Conversation.objects.filter(pk=address.conversation_pk).first()
    if author is None or conversation is None:
        raise RefusedMailError("550 5.1.1", NO_SUCH_ADDRESS)
    if not mail.sender or mail.sender != written(author.email):
        raise RefusedMailError("550 5.7.1", OF_SOMEBODY_ELSE)
    if not author.is_active:
        raise RefusedMailError("550 5.7.1", CLOSED)
    client_id = uuid5(FAMILY, f"{local}\n{mail.identity}")
    if Message.objects.filter(author=author, client_id=client_id).exists():
        return Taken.STORED
    body = without_quotation(mail.text, names=_own_names())
    if not body.strip() and not mail.pieces:
        raise RefusedMailError("550 5.6.0", EMPTY)
    carried: list[Attachment] = []
    try:
        checked_text(body, files=1)
        left = _take_over(mail.pieces, carried, author=author, conversation=conversation, client_id=client_id)
        if not body.strip() and not carried:
            raise RefusedMailError("550 5.6.0", NOTHING_TAKEN.format(why=left[0][1].label))
        message = post_message(
            actor=author,
            conversation=conversation,
            client_id=client_id,
            body=body,
            email=Email(pieces_left=len(left), left=left, answers_up_to=address.up_to),
            attachments=[file.pk for file in carried],
        )
    except (TooManyError, ReplacedError) as error:
        raise RefusedMailError("451 4.3.2", error.sentence) from error
    except DomainError as error:
        _forget(carried, author)
        raise RefusedMailError("550 5.7.1", error.sentence) from error
    logger.info("An e-mail became message %s of conversation %s", message.number, conversation.pk)
    return Taken.STORED


def _take_over(
    pieces: Sequence[Piece], carried: list[Attachment], *, author: User, conversation: Conversation, client_id: UUID
) -> tuple[tuple[str, LeftFor], ...]:
    """Store the pieces of an e-mail as files that its message carries; return what the others are called, and why.

    Each has a key that is made of that of the message, so an e-mail that comes again finds what is stored of it.
    Whatever no message carries in the end is removed, at the latest after a day.
    """
    left = []
    for number, piece in enumerate(pieces):
        try:
            if len(carried) == ATTACHMENTS_AT_MOST:
                raise RefusedFileError("", LeftFor.NUMBER)
            if piece.content is None:
                raise RefusedFileError("", LeftFor.KIND)
            file = store(
                actor=author,
                conversation=conversation,
                name=piece.name,
                source=io.BytesIO(piece.content),
                client_id=uuid5(client_id, str(number)),
            )
            if file.state == AttachmentState.INFECTED:
                raise RefusedFileError("", LeftFor.VIRUS)
            carried.append(file)
        except RefusedFileError as refusal:
            left.append((name_of_left(piece.name), refusal.why))
        except TooManyError:
            left.append((name_of_left(piece.name), LeftFor.TOO_MANY))
    return tuple(left)


def _forget(files: Iterable[Attachment], author: User) -> None:
    """Remove files of an e-mail that is refused. The same e-mail, taken by another door meanwhile, keeps them."""
    for file in files:
        with suppress(DomainError):
            remove(actor=author, attachment=file)


def _own_names() -> tuple[str, ...]:
    return tuple(filter(None, (*parseaddr(settings.DEFAULT_FROM_EMAIL), settings.PUBLIC_URL)))


def _came_back(mail: Received, address: ReturnAddress) -> Taken:
    """Note that the address of a letter reaches nobody, if the report says so of this address.

    A full mailbox says nothing about it, and neither does a report about somebody else's address.
    """
    notification = Notification.objects.filter(pk=address.notification_pk).first()
    if notification is None:
        return _dropped("it came back, and its letter is not known")
    delivery = notification.deliveries.filter(channel=NoticeChannel.EMAIL).first()
    went_to = delivery.address if delivery is not None else notification.email
    own = (one for one in mail.failures if _is_final(one) and written(went_to) in one.recipients)
    failure = next(own, None)
    if failure is None:
        return _dropped("it came back without saying that its address is dead")
    letter_failed(notification, address=went_to, reason=f"{failure.status} came back", at=timezone.now())
    logger.info("Notification %s (%s) came back: %s", notification.pk, notification.kind, failure.status)
    return Taken.BOUNCED


def _is_final(failure: Failure) -> bool:
    return failure.action == "failed" and failure.status in NOBODY


def _dropped(why: str) -> Taken:
    logger.info("An e-mail was thrown away: %s", why)
    return Taken.DROPPED
