"""A POST to somebody else's server, bounded in time and size whatever that server does."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

from messaging.services.channels import ChannelAwayError

LONGEST_ANSWER = 10_000
"""Bytes. The rest of an answer is not read."""
HUNDRED = 100


@dataclass(frozen=True)
class Answer:
    """The status and the beginning of the body."""

    status: int
    body: bytes

    @property
    def is_well(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // HUNDRED == 2


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Answer:
    """Send a POST and return the answer. Redirects are not followed, and no proxy is used.

    The whole exchange takes at most `timeout` seconds, even if the server sends a byte now and then. Raises
    ChannelAwayError if no status came. A body that came in part is returned so.
    """
    to = urlsplit(url)
    kind = HTTPSConnection if to.scheme == "https" else HTTPConnection
    connection = kind(to.hostname or "", to.port, timeout=timeout)
    try:
        connection.connect()
    except OSError as error:
        raise ChannelAwayError(f"{type(error).__name__}: {error}") from error
    over = Timer(timeout, _hang_up, [connection.sock])
    over.daemon = True
    over.start()
    try:
        connection.request("POST", f"{to.path or '/'}{f'?{to.query}' if to.query else ''}", body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(LONGEST_ANSWER))
    except (OSError, HTTPException) as error:
        raise ChannelAwayError(f"{type(error).__name__}: {error}", may_have_arrived=True) from error
    finally:
        over.cancel()
        connection.close()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
