"""The files of messages, as pages and frames show them."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import TypedDict

from django.urls import reverse

from accompaniment.rules.file_kinds import DOCX, JPEG, ODP, ODS, ODT, PDF, PNG, PPTX, XLSX, FileKind
from accompaniment.rules.french import size_in_words
from accompaniment.rules.parsing import lines_in
from messaging.enums import AttachmentState, LeftFor
from messaging.models import Attachment, Message, PieceLeft

STORED = {kind.media_type: kind for kind in (PDF, PNG, JPEG, DOCX, XLSX, PPTX, ODT, ODS, ODP)}
"""The kinds that are stored. A picture of another kind becomes PNG or JPEG."""
SHOWN = frozenset({PDF, PNG, JPEG})
"""The kinds that browsers show by themselves, without running anything in them."""

LONGEST_NAME = 120
LONGEST_END = 20
"""Characters at the end of a long name that are kept, because the ending tells most."""


class AttachmentItem(TypedDict):
    """A file as screens get it. `url`, `shown` and `preview` are empty if there is nothing to download, open or show.

    `about` answers with the file as it is now, and removes it on a POST of its uploader while no message carries it.
    """

    id: int
    name: str
    kind: str
    size: int
    words: str
    state: str
    said: str
    url: str
    shown: str
    preview: str
    about: str


def attachment_item(file: Attachment) -> AttachmentItem:
    """Return a file as sent to screens."""
    is_ready = file.state == AttachmentState.READY
    kind = STORED[file.media_type]
    return {
        "id": file.pk,
        "name": file.name,
        "kind": kind.ending,
        "size": file.size,
        "words": f"{kind.words}, {size_in_words(file.size)}",
        "state": file.state,
        "said": "" if is_ready else str(AttachmentState(file.state).label),
        "url": reverse("attachment", args=[file.pk]) if is_ready else "",
        "shown": reverse("attachment_shown", args=[file.pk]) if is_ready and kind in SHOWN else "",
        "preview": reverse("attachment_preview", args=[file.pk]) if is_ready and file.has_preview else "",
        "about": reverse("attachment_about", args=[file.pk]),
    }


def attached_to(messages: Iterable[Message]) -> dict[int, list[AttachmentItem]]:
    """Return the files of messages by their key, in order, with one query if any message has some.

    Load `change` with the messages: a deleted one shows no files.
    """
    pks = [message.pk for message in messages if message.attached and not message.is_deleted]
    found: dict[int, list[AttachmentItem]] = defaultdict(list)
    if pks:
        for file in Attachment.objects.filter(message__in=pks).order_by("message", "position"):
            found[file.message_id or 0].append(attachment_item(file))
    return found


def with_left(messages: Iterable[Message]) -> None:
    """Load with these messages which files of their e-mails they do not carry, with one query if any says so."""
    found = {message.pk: message for message in messages if message.pieces_left}
    if found:
        left: defaultdict[int, list[tuple[str, LeftFor]]] = defaultdict(list)
        for piece in PieceLeft.objects.filter(message__in=found).order_by("message", "position"):
            left[piece.message_id].append((piece.name, LeftFor(piece.why)))
        for pk, pieces in left.items():
            found[pk].left = pieces


def file_name(given: str, kind: FileKind) -> str:
    """Return the name under which a file of this kind is shown and saved.

    A long one is shortened before its ending, and the ending is that of the kind.
    """
    stem, dot, ending = _plain(given).rpartition(".")
    if not dot:
        stem = ending
    elif not _looks_like_an_ending(ending):
        stem = f"{stem}.{ending}"
    stem = stem.strip(". ") or "document"
    return f"{stem[: LONGEST_NAME - len(kind.ending) - 1].rstrip(' .')}.{kind.ending}"


def name_of_left(given: str) -> str:
    """Return the name by which a file is named that is not stored: its beginning and its ending."""
    name = _plain(given) or "sans nom"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - LONGEST_END - 1].rstrip()}…{name[-LONGEST_END:]}"


def _plain(given: str) -> str:
    """Return a name from outside without folders, invisible characters and what turns the direction."""
    last = lines_in(given).replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(" " if character.isspace() else character for character in last if _is_shown(character))
    return " ".join(plain.split())


def _is_shown(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _looks_like_an_ending(text: str) -> bool:
    return 1 < len(text) <= 5 and text.isascii() and text.isalnum() and not text.isdigit()
