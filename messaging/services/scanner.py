"""Asks clamd whether a file is infected, by its command INSTREAM. Bounded in time, whatever clamd does."""

import socket
import struct
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

PART = 64 * 1024
LONGEST_ANSWER = 1000  # bytes
DEFAULT_PORT = 3310


class ScannerAwayError(Exception):
    """No verdict: clamd cannot be reached, is too slow, or did not take the file. The file waits."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What clamd says of a file. `infection` is the name of what it found, empty if it found nothing."""

    infection: str = ""


def is_used() -> bool:
    """Return whether files are scanned at all."""
    return bool(settings.CLAMD_URL)


def scan(content: bytes) -> Verdict:
    """Return the verdict on a file. Raises ScannerAwayError if there is none within `CLAMD_TIMEOUT` seconds."""
    ends = time.monotonic() + settings.CLAMD_TIMEOUT
    try:
        with _connected(settings.CLAMD_URL, ends) as line:
            _send(line, b"zINSTREAM\0", ends)
            for begin in range(0, len(content), PART):
                part = content[begin : begin + PART]
                _send(line, struct.pack("!L", len(part)) + part, ends)
            _send(line, struct.pack("!L", 0), ends)
            answer = _answer(line, ends)
    except OSError as error:
        raise ScannerAwayError(f"{type(error).__name__}: {error}") from error
    return _verdict(answer)


def _verdict(answer: str) -> Verdict:
    """Read « stream: OK » or « stream: Eicar-Signature FOUND ». Any other answer is no verdict."""
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return Verdict()
    name, _, found = said.rpartition(" ")
    if found == "FOUND" and name:
        return Verdict(infection=name)
    raise ScannerAwayError(said)


def _connected(url: str, ends: float) -> socket.socket:
    to = urlsplit(url)
    if to.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_left(ends))
        try:
            line.connect(to.path)
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection((to.hostname or "", to.port or DEFAULT_PORT), timeout=_left(ends))


def _send(line: socket.socket, part: bytes, ends: float) -> None:
    line.settimeout(_left(ends))
    line.sendall(part)


def _answer(line: socket.socket, ends: float) -> str:
    """Return the answer up to its NUL. Raises OSError if the connection ends before."""
    answer = b""
    while not answer.endswith(b"\0"):
        line.settimeout(_left(ends))
        part = line.recv(LONGEST_ANSWER)
        answer += part
        if not part or len(answer) > LONGEST_ANSWER:
            raise ConnectionError("the answer has no end")
    return answer[:-1].decode("utf-8", "replace")


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("clamd is too slow")
    return left
