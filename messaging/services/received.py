"""Reads an e-mail as it came: who sent it, what it says, what is attached, and whether a machine wrote it.

Nothing in it is trusted. A charset that nobody knows, a part that is broken or a header that is none never stops the
reading: what can be read is read, and everything else is a piece.
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from html import unescape
from itertools import islice
from typing import Any
from urllib.parse import unquote

from accompaniment.rules.spelling import written
from messaging.services.pictures import is_ornament
from messaging.services.quotations import SIGNATURE

MOST_PARTS = 200
"""The parts of an e-mail that are looked at. More are no letter of a person."""
LONGEST_TEXT = 200_000
"""Characters of a text with its quotation. A longer one is refused, because its end may be the answer."""
LARGEST_PART = 2_000_000
"""Bytes of a part with text. A page holds much beside its text."""
DEEPEST_QUOTATION = 5

_NOT_SENT_BY_A_PERSON = {
    "auto-submitted": re.compile(r"(?!no\b)\w", re.IGNORECASE),
    "precedence": re.compile(r"bulk|junk|list|auto", re.IGNORECASE),
    "x-autoreply": re.compile(r"\S"),
    "x-autorespond": re.compile(r"\S"),
    "x-autoresponder": re.compile(r"\S"),
    "x-auto-reply-from": re.compile(r"\S"),
    "list-id": re.compile(r"\S"),
    "list-unsubscribe": re.compile(r"\S"),
    "x-loop": re.compile(r"\S"),
    "x-failed-recipients": re.compile(r"\S"),
}
"""Headers of automatic replies, lists and loops (RFC 3834 and common practice)."""
_MACHINES = re.compile(r"(?:mailer-daemon|postmaster|no-?reply|ne-pas-repondre|do-?not-?reply)@", re.IGNORECASE)
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_CHARSETS = re.compile(r"utf|iso|latin|windows|cp\d|us-ascii|ascii|koi8|mac|gb|big5|euc|shift|sjis|ks")
"""Those of texts. Python knows others, some of which take very long on a hostile text."""
_SHOWN = re.compile(r"""\bcid:([^\s"'<>)]{1,500})""", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class UnreadableError(Exception):
    """The e-mail is built in a way in which no mail program builds one, or too long to be read as a whole."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a mail server reports about one recipient: `failed`, `delayed`… and an enhanced code (RFC 3464).

    `recipients`: where the letter was sent, and where it was forwarded to, as far as that is said.
    """

    recipients: frozenset[str]
    action: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Something that is attached, under the name that its sender gave; None: no file, as an e-mail in the e-mail."""

    name: str
    content: bytes | None


@dataclass(frozen=True, kw_only=True)
class Received:
    """An e-mail as far as it was understood."""

    sender: str
    """The address of its one author, in small letters; empty if there is none or more than one."""
    identity: str
    """Its Message-ID, if it has one, and a digest of what it says: some programs give two e-mails the same number."""
    text: str
    pieces: tuple["Piece", ...]
    """What its writer attached, in order."""
    is_automatic: bool
    failures: tuple[Failure, ...]


def read_mail(content: bytes, *, return_path: str | None) -> Received:
    """Read an e-mail; `return_path` is the envelope's sender, None if it is not known. Raises UnreadableError."""
    try:
        return _read(email.message_from_bytes(content, policy=email.policy.compat32), return_path)
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:
        # The library meets structures and headers that it did not foresee with errors of every kind. If one of them
        # passed, the mail server would bring the same e-mail again and again.
        raise UnreadableError from error


def _read(mail: Message, return_path: str | None) -> Received:
    parts = list(islice(mail.walk(), MOST_PARTS + 1))
    if len(parts) > MOST_PARTS:
        raise UnreadableError
    text = "\n".join(filter(None, _shown(mail)))
    if len(text) > LONGEST_TEXT:
        raise UnreadableError
    pieces = tuple(_pieces(mail))
    digest = hashlib.sha256(f"{_header(mail, 'Date')}\n{text}".encode(errors="replace"))
    for piece in pieces:
        digest.update(hashlib.sha256(piece.content or b"").digest())
    return Received(
        sender=_sender(mail),
        identity=f"{_header(mail, 'Message-ID')} {digest.hexdigest()}".strip(),
        text=text,
        pieces=pieces,
        is_automatic=_is_automatic(mail, return_path),
        failures=tuple(_failures(parts)),
    )


def _header(mail: Message, name: str) -> str:
    return _spelt_out(str(mail.get(name, "")))


def _spelt_out(given: str) -> str:
    """Return the text of a header; what cannot be decoded stays as it is."""
    value = given[:2000]
    try:
        text = str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        text = value
    return " ".join(text.encode(errors="replace").decode().split())


def _sender(mail: Message) -> str:
    lines = [str(line)[:2000] for line in mail.get_all("From", [])]
    found = [written(address) for _, address in getaddresses(lines) if "@" in address]
    return found[0] if len(lines) == 1 and len(found) == 1 else ""


def _is_automatic(mail: Message, return_path: str | None) -> bool:
    """Return whether a machine sent it. Such an e-mail is never answered, not even by a refusal."""
    paths = [return_path, *mail.get_all("Return-Path", [])]
    if any(str(path).strip() in {"", "<>", "MAILER-DAEMON"} for path in paths if path is not None):
        return True
    if mail.get_content_type() == "multipart/report" or _MACHINES.match(_sender(mail)):
        return True
    return any(
        pattern.match(str(value).strip())
        for name, pattern in _NOT_SENT_BY_A_PERSON.items()
        for value in mail.get_all(name, [])
    )


def _inner(part: Message) -> list[Message]:
    """Return the parts of a part. An e-mail inside the e-mail has none, because it is one thing."""
    inner: Any = part.get_payload()
    return inner if part.get_content_maintype() == "multipart" and isinstance(inner, list) else []


def _leaves(part: Message, *, within: str = "") -> Iterator[tuple[Message, str]]:
    """Yield the parts that hold something, each with the kind of what it is in."""
    inner = _inner(part)
    if not inner:
        yield part, within
    for one in inner:
        yield from _leaves(one, within=part.get_content_subtype())


def _shown(part: Message) -> list[str]:
    """Return the texts that a mail program shows, in order; of several forms the first that says anything, which is
    the plain one."""
    inner = _inner(part)
    if not inner:
        return [] if _is_piece(part) else [_text_of(part)]
    forms = map(_shown, inner)
    if part.get_content_subtype() != "alternative":
        return [text for form in forms for text in form]
    return next((form for form in forms if any(map(str.strip, form))), [])


def _pieces(mail: Message) -> Iterator[Piece]:
    """Yield what is attached. A small picture that the page of the e-mail shows belongs to a signature, and is none."""
    leaves = list(_leaves(mail))
    shown = _shown_pictures(part for part, _ in leaves)
    for part, within in leaves:
        if not _is_piece(part) or (within == "alternative" and _is_form(part)):
            continue
        packed = part.get_payload(decode=True)
        content = packed if isinstance(packed, bytes) else None
        if not (content and _content_id(part) in shown and is_ornament(content)):
            yield Piece(name=_spelt_out(part.get_filename() or ""), content=content)


def _is_form(part: Message) -> bool:
    """Return whether a part of several forms of one text is one of them: an invitation to a calendar is."""
    return part.get_content_maintype() == "text" and part.get_filename() is None


def _shown_pictures(parts: Iterable[Message]) -> set[str]:
    """Return the numbers of the parts that pages of the e-mail show where they stand (RFC 2392)."""
    found: set[str] = set()
    for part in parts:
        if part.get_content_type() == "text/html" and isinstance(page := part.get_payload(decode=True), bytes):
            found |= {unquote(number) for number in _SHOWN.findall(page[:LARGEST_PART].decode("latin-1"))}
    return found


def _content_id(part: Message) -> str:
    return str(part.get("Content-ID") or "").strip().strip("<>")


def _is_piece(part: Message) -> bool:
    """Return whether a part is something that its writer attached; another form of the text is not."""
    if part.get_content_type() in _SIGNATURES:
        return False
    is_named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
    return is_named or part.get_content_type() not in {"text/plain", "text/html"}


def _text_of(part: Message) -> str:
    packed = part.get_payload(decode=True)
    content = packed if isinstance(packed, bytes) else b""
    if len(content) > LARGEST_PART:
        raise UnreadableError
    charset = part.get_content_charset() or "utf-8"
    try:
        text = content.decode(charset if _CHARSETS.match(charset) else "utf-8")
    except (LookupError, ValueError):
        # Programs that name a wrong charset mean one of these two.
        text = _decoded(content)
    if part.get_content_type() == "text/html":
        return _text_of_page(text)
    if len(text) > LONGEST_TEXT:
        raise UnreadableError
    if str(part.get_param("format") or "").lower() == "flowed":
        return _unflowed(text, glued=str(part.get_param("delsp") or "").lower() == "yes")
    return text


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _unflowed(text: str, *, glued: bool) -> str:
    """Join the lines that a program has broken for width only (RFC 3676): they end with a space."""
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        own = line.rstrip("\r")
        if goes_on and not own.startswith(">"):
            lines[-1] += own.removeprefix(" ")
        else:
            lines.append(own.removeprefix(" "))
        goes_on = own.endswith(" ") and own != "-- " and not own.startswith(">")
        if goes_on and glued:
            lines[-1] = lines[-1].removesuffix(" ")
    return "\n".join(lines)


class _Page:
    """Collects the text of a page, a line for each block, with signs before what stands in a quotation.

    `html.parser` takes minutes for a hostile page, because it looks for the end of each tag again. Here no search
    goes beyond the next sign of a tag.
    """

    BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"})
    UNSEEN = frozenset({"script", "style", "title", "template"})
    EMPTY_LINE_AFTER = frozenset({"p", "blockquote", "table", "ul", "ol", "h1", "h2", "h3"})
    MARK = re.compile(r"<(?:(/?)([a-z][a-z0-9]{0,20})\b[^<>]*|[!?/][^<>]*)>", re.IGNORECASE)

    def __init__(self, source: str) -> None:
        self.words: list[str] = []
        self._begins = True
        self._unseen = self._quoted = 0
        end = 0
        for mark in self.MARK.finditer(source):
            self._take(unescape(source[end : mark.start()]))
            end = mark.end()
            closes, tag = mark[1], (mark[2] or "").lower()
            if tag:
                (self._close if closes else self._open)(tag)
        self._take(unescape(source[end:]))

    def _open(self, tag: str) -> None:
        if tag in self.UNSEEN:
            self._unseen += 1
        elif tag == "body":
            self._unseen = 0
        elif tag == "blockquote":
            self._break()
            self._quoted += 1
        elif tag == "hr":
            self._break()
            self.words.append(f"{'_' * 32}\n")
        elif tag in self.BLOCKS:
            self._break(always=tag == "br")

    def _close(self, tag: str) -> None:
        if tag in self.UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag == "blockquote":
            self._break()
            self._quoted = max(self._quoted - 1, 0)
        elif tag in self.BLOCKS:
            self._break()
        if tag in self.EMPTY_LINE_AFTER:
            self._break(always=True)

    def _take(self, data: str) -> None:
        if self._unseen:
            return
        words = _SPACES.sub(" ", data)
        if self._begins:
            words = words.lstrip(" ")
            if not words:
                return
            self.words.append("> " * min(self._quoted, DEEPEST_QUOTATION))
        self.words.append(words)
        self._begins = False

    def _break(self, *, always: bool = False) -> None:
        if always or not self._begins:
            self.words.append("\n")
        self._begins = True


def _text_of_page(source: str) -> str:
    words = _Page(_without_comments(source)).words
    lines = "".join(words).split("\n")
    return "\n".join(line if line == SIGNATURE else line.rstrip(" ") for line in lines)


def _without_comments(source: str) -> str:
    """Return a page without its comments. One that does not end is none."""
    kept, end = [], 0
    while (begin := source.find("<!--", end)) >= 0 and (close := source.find("-->", begin + 4)) >= 0:
        kept.append(source[end:begin])
        end = close + 3
    return "".join(kept) + source[end:]


def _failures(parts: list[Message]) -> Iterator[Failure]:
    """Yield what a report says about each recipient (RFC 3464)."""
    if parts[0].get_content_type() != "multipart/report":
        return
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.get_payload():
            if not isinstance(block, Message) or block.get("Action") is None:
                continue
            named = (str(block.get(header) or "") for header in ("Original-Recipient", "Final-Recipient"))
            status = _STATUS.search(str(block.get("Status") or ""))
            yield Failure(
                recipients=frozenset(written(one.rpartition(";")[2].strip("<> ")) for one in named) - {""},
                action=str(block["Action"]).strip().lower(),
                status=status[0] if status else "",
            )
