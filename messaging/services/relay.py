"""The connection to the mail server: one per round, reopened when it breaks."""

import re
from contextlib import suppress
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from messaging.services.channels import ChannelAwayError

SERVICE_CLOSES = 421
"""The reply of a server that ends the connection, as many do after a number of e-mails."""
FINE = 250
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
        """Open the connection, or reopen it if the server closed it. Raises RelayAwayError."""
        if self._is_open and not self._answers():
            self._close()
        if self._is_open:
            return
        try:
            self._backend.open()
        except OSError as error:  # smtplib's errors are subclasses
            raise RelayAwayError(f"{type(error).__name__}: {error}") from error
        self._is_open = True

    def send(self, message: EmailMessage) -> None:
        """Send an e-mail; call `make_ready` first. Raises the server's error, or RelayAwayError.

        If the server ends the connection before it accepts anything of the e-mail, another connection is used. If the
        connection breaks later, nobody knows whether the server has the e-mail, and it is tried again later.
        """
        message.connection = self._backend
        try:
            message.send()
        except SMTPSenderRefused as refused:
            if refused.smtp_code != SERVICE_CLOSES:
                raise
            self._close()
            self.make_ready()
            message.send()

    def _answers(self) -> bool:
        if not isinstance(self._backend, EmailBackend) or self._backend.connection is None:
            return True
        try:
            code, _ = self._backend.connection.noop()
        except OSError:
            return False
        return bool(code == FINE)

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(OSError):
                self._backend.close()
