"""The door for e-mails to the service: an LMTP server (RFC 2033) to which the mail server of the operator delivers.

Each answer is given after the commit. What cannot be stored now (451) stays with the mail server, which brings it
again, so nothing is lost. A refusal (550) has a sentence, which the mail server sends to the writer; replies of this
protocol are ASCII, so the sentence has no accents.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from channels.db import database_sync_to_async
from django.conf import settings

from accompaniment.rules.spelling import unaccented
from messaging.services.incoming import RefusedMailError, check_recipient, take_mail, too_large_in_words

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a silent connection is kept."""
LONGEST_LINE = 64 * 1024
"""Bytes. The standard allows 1,000; some programs write a whole page into one line."""
AT_ONCE = 4
"""E-mails that are stored at the same time."""
TRY_LATER = "451 4.3.0 Reessayez plus tard"


class Door:
    """What the server does with a recipient and with an e-mail; one recipient at a time, because each has an answer."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail")

    async def handle_RCPT(  # noqa: N802  (the name that aiosmtpd calls)
        self, server: LMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse an address that the service did not make before anything is sent."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        try:
            check_recipient(address)
        except RefusedMailError as refusal:
            return answer_of(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the e-mail, and answer once it is stored."""
        content = envelope.original_content or b""
        act = partial(take_mail, content, recipient=envelope.rcpt_tos[0], return_path=envelope.mail_from or "")
        take = database_sync_to_async(act, thread_sensitive=False, executor=self._threads)
        try:
            taken = await take()
        except RefusedMailError as refusal:
            return answer_of(refusal)
        except Exception:
            logger.exception("An e-mail was not taken and comes again")
            return TRY_LATER
        return f"250 2.6.0 {taken}"


class _Server(LMTP):
    line_length_limit = LONGEST_LINE

    async def push(self, status: Any) -> None:
        """Answer. The library says in words of its own, and without an enhanced code, that an e-mail is too large."""
        await super().push(too_large() if str(status).startswith("552 ") else status)


def too_large() -> str:
    """Return the answer to an e-mail that is too large; the mail server sends it to the writer."""
    return answer_of(RefusedMailError("552 5.3.4", too_large_in_words()))


def answer_of(refusal: RefusedMailError) -> str:
    """Return a refusal as a reply."""
    return f"{refusal.code} {unaccented(refusal.sentence)}"


@asynccontextmanager
async def listening(host: str, port: int) -> AsyncIterator[int]:
    """Listen as long as the block runs; yield the port, which may be asked for as 0."""
    loop = asyncio.get_running_loop()
    door = Door()
    server = await loop.create_server(
        lambda: _Server(
            door,
            data_size_limit=settings.REPLY_MAXIMUM_BYTES,
            hostname="localhost",
            ident="LMTP",
            timeout=PATIENCE,
            loop=loop,
        ),
        host,
        port,
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def serve(host: str, port: int) -> None:
    """Listen until the process is told to stop."""
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with listening(host, port) as chosen:
        logger.info("Listening for e-mails on %s:%s", host, chosen)
        await over.wait()
