"""Letters as bytes. The mail package of the standard library takes longer for one than everything else together."""

import secrets
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator
from email.utils import formataddr, formatdate, parseaddr

from django.core.mail import EmailMultiAlternatives

TYPE = "Content-Type"
LONGEST_WORD = 39
"""Bytes of an encoded word, so that its line, with the name of a header, stays within 76 characters (RFC 2047)."""


def bytes_of(message: EmailMultiAlternatives) -> bytes:
    """Return a letter of text and page as it goes over the line, with a name that nobody guesses between its parts."""
    boundary = secrets.token_hex(16)
    headers = {
        "From": message.from_email,
        "To": ", ".join(message.to),
        "Subject": message.subject,
        "Date": formatdate(),
        **message.extra_headers,
        "MIME-Version": "1.0",
        TYPE: f'multipart/alternative; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {_value(name, str(value))}\r\n" for name, value in headers.items()).encode("ascii")
    parts = [(str(message.body), "text/plain"), *((str(text), kind) for text, kind in message.alternatives)]
    begin = f"--{boundary}\r\nContent-Transfer-Encoding: quoted-printable\r\n{TYPE}: "
    body = b"".join(
        f'{begin}{kind}; charset="utf-8"\r\n\r\n'.encode()
        + b2a_qp(text.replace("\r\n", "\n").replace("\r", "\n").encode(), istext=True).replace(b"\n", b"\r\n")
        + b"\r\n"
        for text, kind in parts
    )
    return head + b"\r\n" + body + f"--{boundary}--\r\n".encode()


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
