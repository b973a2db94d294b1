"""A real HTTP server on this machine that accepts, refuses, stalls, drips and hangs up, as a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

PATIENCE = 20  # seconds


@dataclass
class Asked:
    """One request as the server received it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Act = Callable[[BaseHTTPRequestHandler, "HttpStub"], None]


@dataclass
class HttpStub:
    """Answers 201 unless `acts` holds something else for the next request. Keeps every request in `asked`."""

    asked: list[Asked] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    always: Act | None = None
    over: Event = field(default_factory=Event)
    url: str = ""


def answers(status: int, body: bytes = b"{}", **headers: str) -> Act:
    """Answer with a status."""

    def act(request: BaseHTTPRequestHandler, stub: HttpStub) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return act


def stalls(request: BaseHTTPRequestHandler, stub: HttpStub) -> None:
    """Take the request and never answer."""
    stub.over.wait(PATIENCE)


def drips(request: BaseHTTPRequestHandler, stub: HttpStub) -> None:
    """Begin an answer, and send a byte of it often enough that no single wait is long."""
    request.wfile.write(b"HTTP/1.1 ")
    with suppress(OSError):
        while not stub.over.wait(0.05):
            request.wfile.write(b"2")
            request.wfile.flush()


def hangs_up(request: BaseHTTPRequestHandler, stub: HttpStub) -> None:
    """End the connection without a word."""
    request.connection.close()


@contextmanager
def http_stub() -> Iterator[HttpStub]:
    """Run the server on a free port."""
    stub = HttpStub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stub.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            act = stub.acts.pop(0) if stub.acts else stub.always or answers(201, b'{"id": "g-1"}')
            with suppress(OSError, ValueError):
                act(self, stub)
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield stub
    finally:
        stub.over.set()
        server.shutdown()
        server.server_close()
        serving.join(PATIENCE)
