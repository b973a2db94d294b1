"""The whole service on a real port, in a thread of the test run, with HTTP and websockets."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

PATIENCE = 20.0
"""Seconds for the server to start, to become idle and to stop."""


class CountedApplication:
    """Counts the requests and sockets that an application is handling."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._busy = 0
        self._changed = threading.Condition()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self._count(1)
        try:
            await self.application(scope, receive, send)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._busy += change
            self._changed.notify_all()

    def wait_until_idle(self) -> None:
        """Return when no request or socket is open, so that no connection holds a lock on the tables."""
        with self._changed:
            idle = self._changed.wait_for(lambda: self._busy == 0, PATIENCE)
        assert idle, f"{self._busy} requests or sockets are still open after {PATIENCE} s"


class LiveServer:
    """uvicorn on a free loopback port."""

    def __init__(self, application: Application) -> None:
        self.application = CountedApplication(application)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self.application,
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="config.handshakes:AnsweredHandshakes",
            timeout_graceful_shutdown=int(PATIENCE),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="live-server", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        """Start the server. Connections made before it is ready wait in the socket's queue."""
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self._thread.is_alive()
