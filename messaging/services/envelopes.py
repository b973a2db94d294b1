"""Letters as bytes. The mail package of the standard library takes longer for one than everything else together."""

import secrets
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator, Sequence
from email.utils import formataddr, formatdate, parseaddr

from django.core.mail import EmailMultiAlternatives

TYPE = "Content-Type"
LONGEST_WORD = 39
"""Bytes of an encoded word, so that its line, with the name of a header, stays within 76 characters (RFC 2047)."""


def bytes_of(message: EmailMultiAlternatives) -> bytes:
    """Return a letter of text and page, and its files, as it goes over the line."""
    kind, body = _parts_in("alternative", [_text(str(message.body), "text/plain"), *_others(message)])
    files = [_text(str(file.content), str(file.mimetype), name=str(file.filename)) for file in message.attachments]
    if files:
        kind, body = _parts_in("mixed", [f"{TYPE}: {kind}\r\n\r\n".encode() + body, *files])
    headers = {
        "From": message.from_email,
        "To": ", ".join(message.to),
        "Subject": message.subject,
        "Date": formatdate(),
        **message.extra_headers,
        "MIME-Version": "1.0",
        TYPE: kind,
    }
    head = "".join(f"{name}: {_value(name, str(value))}\r\n" for name, value in headers.items()).encode("ascii")
    return head + b"\r\n" + body


def _others(message: EmailMultiAlternatives) -> Iterator[bytes]:
    for text, kind in message.alternatives:
        yield _text(str(text), kind)


def _parts_in(kind: str, parts: Sequence[bytes]) -> tuple[str, bytes]:
    """Return the type and the content of several parts, with a name that nobody guesses between them."""
    boundary = secrets.token_hex(16)
    content = b"".join(f"--{boundary}\r\n".encode() + part for part in parts) + f"--{boundary}--\r\n".encode()
    return f'multipart/{kind}; boundary="{boundary}"', content


def _text(text: str, kind: str, *, name: str = "") -> bytes:
    """Return one part of text; with a name it is a file."""
    head = f'Content-Transfer-Encoding: quoted-printable\r\n{TYPE}: {kind}; charset="utf-8"\r\n'
    if name:
        head += f'Content-Disposition: attachment; filename="{name}"\r\n'
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    return head.encode("ascii") + b"\r\n" + b2a_qp(plain, istext=True).replace(b"\n", b"\r\n") + b"\r\n"


def _value(name: str, text: str) -> str:
    """Return a header's value in ASCII. Raises ValueError for a line break, which would begin another header."""
    if "\n" in text or "\r" in text:
        raise ValueError(f"a line break in {name}")
    if text.isascii() and len(text) < 900:
        return text
    if name in {"From", "To"}:
        shown, address = parseaddr(text)
        return formataddr((shown, address))
    return "\r\n ".join(f"=?utf-8?b?{b2a_base64(word, newline=False).decode()}?=" for word in _words(text))


def _words(text: str) -> Iterator[bytes]:
    """Yield the pieces of a text, each as long as an encoded word may be, and none of which ends within a character."""
    content, begin = text.encode(), 0
    while begin < len(content):
        end = min(begin + LONGEST_WORD, len(content))
        while end < len(content) and content[end] & 0xC0 == 0x80:
            end -= 1
        yield content[begin:end]
        begin = end
