"""A mail server that falls silent or hangs up in the middle of a letter, at the place that a test names."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

PATIENCE = 20  # seconds
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "end")
"""The places of a letter. `content`: in the middle of it. `end`: when it is received whole, and kept."""

Act = Callable[["RudeServer", socket.socket], None]


def is_silent(server: "RudeServer", line: socket.socket) -> None:
    """Say nothing any more, and keep the connection."""
    server.over.wait(PATIENCE)
    raise OSError("silent")


def hangs_up(server: "RudeServer", line: socket.socket) -> None:
    """End the connection."""
    raise OSError("hung up")


@dataclass
class RudeServer:
    """Takes letters, except where `acts` says otherwise: by the number of the letter from 1, and the stage."""

    acts: dict[tuple[int, str], Act] = field(default_factory=dict)
    always: tuple[str, Act] | None = None
    extensions: tuple[str, ...] = ()
    kept: list[str] = field(default_factory=list)
    """The Message-ID of each letter that was received whole."""
    connections: int = 0
    over: Event = field(default_factory=Event)
    _begun: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as lines, suppress(OSError):
            self._at("greeting", line)
            line.sendall(b"220 rude\r\n")
            for command in lines:
                word = command[:4].decode().strip().upper()
                if word == "MAIL":
                    self._begun += 1
                if word in STAGES:
                    self._at(word, line)
                if word == "EHLO":
                    line.sendall("".join(f"250-{one}\r\n" for one in self.extensions).encode())
                line.sendall(b"354 go on\r\n" if word == "DATA" else b"250 OK\r\n")
                if word == "DATA":
                    self._letter(line, lines)

    def _letter(self, line: socket.socket, lines: Any) -> None:
        name = ""
        for number, text in enumerate(lines):
            if number == 3:
                self._at("content", line)
            if text.startswith(b"Message-ID:"):
                name = text.decode().partition(":")[2].strip()
            if text == b".\r\n":
                break
        else:
            return
        self.kept.append(name)
        self._at("end", line)
        line.sendall(b"250 OK\r\n")

    def _at(self, stage: str, line: socket.socket) -> None:
        act = self.acts.pop((max(self._begun, 1), stage), None)
        if self.always is not None and self.always[0] == stage:
            act = self.always[1]
        if act is not None:
            act(self, line)


@contextmanager
def rude_mail_server(settings: Any, **facts: Any) -> Iterator[RudeServer]:
    """Run the server, and let this test's deliveries go to it, with little patience."""
    server = RudeServer(**facts)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()
        settings.EMAIL_TIMEOUT = 0.4
        serving = Thread(target=server.serve, args=(listener,), daemon=True)
        serving.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            serving.join(PATIENCE)
