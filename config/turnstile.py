"""Lets sockets in a few at a time, so that pages still answer when thousands come back at once after a restart."""

import asyncio
from typing import Any

from accompaniment.consumers import TRY_LATER
from config.body_limit import Application, Message, Receive, Scope, Send

AT_ONCE = 50
"""Handshakes under way in one process. Their questions to the database are asked together."""

WAITING = 2000
"""Handshakes that wait for their turn. A further one is told to try later."""


class Turnstile:
    """An ASGI application that limits the handshakes under way. A socket that is open no longer counts."""

    def __init__(self, application: Any, *, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self.application: Application = application
        self._places = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._most_waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._waiting >= self._most_waiting:
            await receive()
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        passed = False

        def let_the_next_in() -> None:
            nonlocal passed
            if not passed:
                passed = True
                self._places.release()

        async def answer(message: Message) -> None:
            await send(message)
            let_the_next_in()

        try:
            await self.application(scope, receive, answer)
        finally:
            let_the_next_in()
