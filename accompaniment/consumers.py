"""Common base of all sockets: which frames are accepted, and how a socket ends after an error."""

import json
import logging
import math
from typing import Any, NoReturn

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

FAILED = 1011
TRY_LATER = 1013

LONGEST_NUMBER = 18
"""Most characters of a number in a frame: enough for any primary key, and within the database's range."""

logger = logging.getLogger(__name__)


class UnreadableFrameError(ValueError):
    """A frame contains something that no page of ours sends."""


class CalmSocket(AsyncWebsocketConsumer):
    """A consumer that closes with a code and one line in the log after an unexpected error."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket. Close with 1013 (the page tries again) if a server does not answer, else with 1011."""
        try:
            await super().__call__(scope, receive, send)
        except (RedisError, OperationalError, InterfaceError, OSError) as error:
            logger.warning("%s closes, a server does not answer: %s", type(self).__name__, type(error).__name__)
            await _say_goodbye(send, TRY_LATER)
        except Exception as error:  # noqa: BLE001  (whatever it is, the browser hears of it and the others go on)
            self.log_failure(error)
            await _say_goodbye(send, FAILED)

    def log_failure(self, error: Exception) -> None:
        """Log what failed and where, in one line and without what the browser sent."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
        logger.error("%s closes, it broke: %s at %s", type(self).__name__, type(error).__name__, place)


def frame_in(text: str | None, *, largest: int) -> dict[str, Any] | None:
    """Return the object in a frame, or None for anything that no page of ours sends.

    That is: a binary frame, more than `largest` characters, invalid JSON, a value that is no object, a duplicate key,
    too deep nesting, and a number that is invalid or too long. Strings may contain whatever JSON allows.
    """
    if text is None or len(text) > largest:
        return None
    try:
        frame = _frames.decode(text)
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableFrameError("a key comes twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise UnreadableFrameError(name)


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise UnreadableFrameError("the number is too long")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise UnreadableFrameError("the number is infinite")
    return number


async def _say_goodbye(send: Any, code: int) -> None:
    try:
        await send({"type": "websocket.close", "code": code})
    except Exception:  # noqa: BLE001  (it was closed already)
        return


_frames = json.JSONDecoder(
    object_pairs_hook=_each_once, parse_constant=_no_number, parse_int=_whole, parse_float=_finite
)
