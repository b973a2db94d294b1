"""A server on this machine that speaks clamd's protocol, and finds the test virus that every scanner knows."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# In two parts, so that no scanner takes this file for the virus.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + rb"ANTIVIRUS-TEST-FILE!$H+H*"
NAME = "Eicar-Signature"
PATIENCE = 20  # seconds


@dataclass
class Clamd:
    """Answers as clamd does. `answer` replaces the answer; with `stalls` none comes, with `hangs_up` it ends midway."""

    url: str = ""
    answer: bytes = b""
    stalls: bool = False
    hangs_up: bool = False
    scanned: list[bytes] = field(default_factory=list)
    has_one: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


class _Line(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        clamd: Clamd = self.server.clamd
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if clamd.hangs_up:
                return
        clamd.scanned.append(content)
        clamd.has_one.set()
        if clamd.stalls:
            clamd.over.wait(PATIENCE)
            return
        verdict = f"stream: {NAME} FOUND".encode() if EICAR in content else b"stream: OK"
        self.wfile.write((clamd.answer or verdict) + b"\0")


@contextmanager
def running_clamd(path: str = "") -> Iterator[Clamd]:
    """Run the server on a free port, or on a socket at `path`."""
    clamd = Clamd()
    kind = socketserver.ThreadingUnixStreamServer if path else socketserver.ThreadingTCPServer
    kind.daemon_threads = True
    with kind(path or ("127.0.0.1", 0), _Line) as server:  # type: ignore[arg-type]
        server.clamd = clamd  # type: ignore[union-attr]
        clamd.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield clamd
        clamd.over.set()
        server.shutdown()
        thread.join()
