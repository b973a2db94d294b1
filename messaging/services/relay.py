"""The connection to the mail server: one per round, reopened when it breaks."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from smtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from messaging.services.channels import ChannelAwayError
from messaging.services.envelopes import bytes_of

SERVICE_CLOSES = 421
"""The reply of a server that ends the connection, as many do after a number of e-mails."""
FINE = 250
GO_ON = 354
AGREES = frozenset({250, 251, GO_ON})
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
"""Addresses in which nothing has to be looked for."""
_PERIOD = re.compile(rb"(?m)^\.")
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox, no such host, no valid address, moved away, no mail at all there, mailbox closed."""
NOBODY_THERE = frozenset({550, 551, 553})


class RelayAwayError(ChannelAwayError):
    """The mail server cannot be reached; nothing was sent."""


def reaches_nobody(error: Exception) -> bool:
    """Return whether the mail server refused a letter because its address does not exist, or no longer.

    Servers say so with an enhanced code (RFC 3463). One without enhanced codes says it with 550, 551 or 553 when it
    hears the address. Everything else is another matter: a full mailbox, a letter that looks like spam.
    """
    text: bytes | str
    if isinstance(error, SMTPRecipientsRefused):
        [(code, text), *_] = error.recipients.values()
    elif isinstance(error, SMTPDataError):
        code, text = error.smtp_code, error.smtp_error
    else:
        return False
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    enhanced = ENHANCED.match(said)
    if enhanced:
        return enhanced[0] in NOBODY
    return code in NOBODY_THERE and isinstance(error, SMTPRecipientsRefused)


class Relay:
    """Sends e-mails over one connection until the end of the round."""

    def __init__(self) -> None:
        self._backend = get_connection()
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def make_ready(self) -> None:
        """Open the connection, if it is not open. Raises RelayAwayError."""
        if self._is_open:
            return
        self._is_open = True
        try:
            self._backend.open()
            if isinstance(self._backend, EmailBackend):
                self._line.ehlo_or_helo_if_needed()
        except OSError as error:  # smtplib's errors are subclasses
            self._close()
            raise RelayAwayError(f"{type(error).__name__}: {error}") from error

    def send(self, message: EmailMultiAlternatives) -> None:
        """Send an e-mail to one address; call `make_ready` first. Raises the server's error, or RelayAwayError.

        A server may end the connection between two letters. Until it has asked for the content it has taken nothing,
        so another connection is used. If the connection breaks later, nobody knows whether the server has the e-mail,
        and it is tried again later.
        """
        if not isinstance(self._backend, EmailBackend):
            message.connection = self._backend
            message.send()
            return
        content = bytes_of(message)
        [sender, recipient] = map(_path, (message.from_email, *message.to))
        try:
            self._announce(sender, recipient, len(content))
        except SMTPServerDisconnected as gone:
            if isinstance(gone.__context__, TimeoutError):
                raise
            self._close()
            self.make_ready()
            self._announce(sender, recipient, len(content))
        self._hand_over(content)

    @property
    def _line(self) -> SMTP:
        if not isinstance(self._backend, EmailBackend) or self._backend.connection is None:
            raise RelayAwayError("the connection is not open")
        return self._backend.connection

    def _announce(self, sender: str, recipient: str, size: int) -> None:
        """Name sender and recipient and ask to hand over, in one go if the server allows that (RFC 2920)."""
        line = self._line
        commands = [
            f"MAIL FROM:<{sender}>" + (f" SIZE={size}" if line.has_extn("size") else ""),
            f"RCPT TO:<{recipient}>",
            "DATA",
        ]
        with self._closing_if_broken():
            if line.has_extn("pipelining"):
                line.send("".join(f"{command}\r\n" for command in commands))
                answers = [line.getreply() for _ in commands]
            else:
                answers = []
                for command in commands:
                    answers.append(line.docmd(command))
                    if answers[-1][0] not in AGREES:
                        break
            refusal = _refusal(answers, sender, recipient)
            if refusal is None:
                return
            if answers[-1][0] == GO_ON:
                # It refuses the recipient and wants the content all the same: there is none.
                line.send(b".\r\n")
                line.getreply()
            if any(code == SERVICE_CLOSES for code, _ in answers):
                raise SMTPServerDisconnected(str(refusal)) from refusal
            line.rset()
        raise refusal

    def _hand_over(self, content: bytes) -> None:
        with self._closing_if_broken():
            self._line.send(_PERIOD.sub(b"..", content) + b".\r\n")
            code, text = self._line.getreply()
        if code != FINE:
            raise SMTPDataError(code, text)

    @contextmanager
    def _closing_if_broken(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._close()
            raise

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(OSError):
                self._backend.close()


def _path(address: str) -> str:
    """Return an address as it is named on the line, without a name and in ASCII. `bytes_of` has refused line breaks."""
    plain = address if _PLAIN.fullmatch(address) else parseaddr(address)[1]
    return plain if plain.isascii() else parseaddr(sanitize_address(plain, settings.DEFAULT_CHARSET))[1]


def _refusal(answers: Sequence[tuple[int, bytes]], sender: str, recipient: str) -> SMTPException | None:
    """Return what the server refuses first, if anything."""
    (code, text), *others = answers
    if code not in AGREES:
        return SMTPSenderRefused(code, text, sender)
    for number, (code, text) in enumerate(others):
        if code not in AGREES:
            return SMTPDataError(code, text) if number else SMTPRecipientsRefused({recipient: (code, text)})
    return None
