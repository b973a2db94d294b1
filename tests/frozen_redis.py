"""A Redis that accepts connections and never answers, like a stopped process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis

PATIENCE = 20.0  # seconds
CHUNK = 65536
"""The number of bytes passed on at once."""


@contextmanager
def frozen_redis() -> Iterator[str]:
    """Yield the address of a server that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


class Door:
    """A proxy before a real Redis, until it is frozen. Then open connections stay open, and nothing comes back."""

    def __init__(self, behind: str) -> None:
        self._behind = behind
        self._frozen = threading.Event()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._taking_in = threading.Thread(target=self._take_in, daemon=True)
        self._taking_in.start()

    def freeze(self) -> None:
        self._frozen.set()

    def close(self) -> None:
        # A connection wakes the thread that waits in `accept`.
        self._frozen.set()
        self._ended.set()
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        self._taking_in.join(PATIENCE)
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _take_in(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(here)
            if self._ended.is_set():
                return
            if self._frozen.is_set():
                continue
            there = self._reach()
            self._open.append(there)
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._hand_on, args=(source, target), daemon=True).start()

    def _reach(self) -> socket.socket:
        facts: dict[str, Any] = redis.ConnectionPool.from_url(self._behind).connection_kwargs
        if "path" in facts:
            there = socket.socket(socket.AF_UNIX)
            there.connect(facts["path"])
            return there
        return socket.create_connection((facts.get("host", "localhost"), facts.get("port", 6379)))

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if not self._frozen.is_set():
                    target.sendall(data)
