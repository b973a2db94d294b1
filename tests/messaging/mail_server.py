"""A real mail server on this machine, which counts its connections and breaks them when a test says so."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

Act = Callable[[SMTP], str | None]
"""What the server does instead of accepting a letter; returns its answer."""


class MailServer:
    """Accepts letters over SMTP; counts its `connections`, and keeps the acknowledged letters in `taken`."""

    def __init__(self) -> None:
        self.connections = 0
        self.taken: list[Message] = []
        self.seen: list[str] = []
        """The Message-ID of each letter that was received whole, accepted or not."""
        self.at_begin: dict[int, Act] = {}
        self.at_end: dict[int, Act] = {}
        """By the number of the letter, counted from 1: what to do at its beginning, and after its end."""
        self.at_rcpt: dict[int, str] = {}
        """By the number of the address, counted from 1: what to answer when it is named."""
        self._begun = 0
        self._named = 0

    async def handle_MAIL(  # noqa: N802  (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._begun += 1
        act = self.at_begin.pop(self._begun, None)
        if act is not None:
            answer = act(server)
            if answer:
                return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._named += 1
        refusal = self.at_rcpt.pop(self._named, None)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content)
        self.seen.append(letter["Message-ID"])
        act = self.at_end.pop(len(self.seen), None)
        answer = act(server) if act else None
        if answer is None:
            self.taken.append(letter)
        return answer or "250 OK"

    def _connected(self) -> SMTP:
        self.connections += 1
        return SMTP(self)

    async def serve(self, ready: Callable[[int], Any], over: asyncio.Event) -> None:
        """Listen on a free port until `over` is set."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connected, "127.0.0.1", 0)
        ready(server.sockets[0].getsockname()[1])
        await over.wait()
        server.close()


def leaves(server: SMTP) -> str:
    """End the connection without an answer."""
    server.transport.abort()
    return "421 gone"


def leaves_after_answering(server: SMTP) -> None:
    """Accept the letter, acknowledge it, and end the connection."""
    asyncio.get_running_loop().call_later(0, server.transport.close)


def takes_and_leaves_without_a_word(server: SMTP) -> None:
    """Accept the letter, and end the connection without acknowledging it."""
    server.transport.abort()


@contextmanager
def mail_server(settings: Any) -> Iterator[MailServer]:
    """Run a mail server in its own thread, and let this test's deliveries go to it."""
    house, ports = MailServer(), []
    listening, stopped = threading.Event(), threading.Event()
    stop: list[Callable[[], None]] = []

    async def main() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(over.set))

        def ready(port: int) -> None:
            ports.append(port)
            listening.set()

        await house.serve(ready, over)

    def run() -> None:
        asyncio.run(main())
        stopped.set()

    threading.Thread(target=run, daemon=True).start()
    assert listening.wait(timeout=10)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", ports[0], 10
    try:
        yield house
    finally:
        stop[0]()
        assert stopped.wait(timeout=10)
