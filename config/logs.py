"""The log: one line per fact on standard error, without floods while a server is away.

LOG_FORMAT chooses the form: `text` for people, `json` for machines, one object per line.
"""

import logging
import time
from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Identifies the present request; each line written meanwhile carries it."""

SECRET_ARGUMENTS = frozenset({"token", "key", "uidb64"})
"""Names of the secret parts of addresses, which are never logged."""

QUIET_TIME = 60.0  # seconds during which the same complaint is not written again


class OncePerMinute(logging.Filter):
    """Write the same message of the same logger at most once a minute, without its traceback.

    For libraries that talk to Redis: while it is away, each of them complains several times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        cause = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if cause is None else f"{record.getMessage()} ({type(cause).__name__}: {cause})"
        complaint = (record.name, str(record.msg))  # before arguments such as seconds and attempts are filled in
        record.msg, record.args = " ".join(text.split()), ()
        record.exc_info, record.exc_text = None, None
        now = time.monotonic()
        if now - self._last.get(complaint, -QUIET_TIME) < QUIET_TIME:
            return False
        self._last[complaint] = now
        return True


class OfRequest(logging.Filter):
    """Give each line the id of its request, and remove secrets from Django's own lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        request = record.__dict__.pop("request", None)
        if isinstance(request, HttpRequest):
            record.msg, record.args = without_secrets(record.getMessage(), request), ()
        return True


def without_secrets(text: str, request: HttpRequest) -> str:
    """Return a text without the secret parts of the address that was asked for."""
    match = request.resolver_match
    for name, value in match.kwargs.items() if match else ():
        if name in SECRET_ARGUMENTS and value:
            text = text.replace(str(value), "…")
    return text


class WithoutDetail(logging.Formatter):
    """Write times in UTC, and leave out the values of rows that PostgreSQL adds to errors."""

    converter = staticmethod(time.gmtime)

    def formatException(self, exc_info: Any) -> str:  # noqa: N802 (the name is logging's)
        lines = super().formatException(exc_info).splitlines()
        return "\n".join(line for line in lines if not line.startswith(("DETAIL:", "CONTEXT:")))


class Line(WithoutDetail):
    """One line for people; only the traceback of an error takes more."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is logging's)
        record.message = " ".join(record.message.split())
        return super().formatMessage(record)


class Json(WithoutDetail, JsonFormatter):
    """One JSON object a line, tracebacks included."""


TIME = "%Y-%m-%dT%H:%M:%S"
FORMATTERS: dict[str, dict[str, Any]] = {
    "text": {
        "()": Line,
        "format": "{asctime}.{msecs:03.0f}Z {levelname:<7} {name} {request_id} {message}",
        "datefmt": TIME,
        "style": "{",
    },
    "json": {
        "()": Json,
        "format": "{asctime} {levelname} {name} {request_id} {message}",
        "datefmt": f"{TIME}Z",
        "style": "{",
        "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        "json_ensure_ascii": False,
    },
}


def configuration(level: str = "INFO", layout: str = "text") -> dict[str, Any]:
    """Return LOGGING for all environments; raise ImproperlyConfigured for a layout that is not known."""
    if layout not in FORMATTERS:
        msg = f"LOG_FORMAT must be one of {', '.join(FORMATTERS)}, not {layout!r}."
        raise ImproperlyConfigured(msg)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMATTERS[layout]},
        "filters": {"once_per_minute": {"()": OncePerMinute}, "of_request": {"()": OfRequest}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["of_request"]},
            "patient": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["once_per_minute", "of_request"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own lines for 4xx answers would double the request log; 5xx keep their traceback.
            "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.channels.server": {"level": "WARNING"},
            # What is left out of a font is no news.
            "fontTools": {"level": "WARNING"},
            # A job starts and ends every five seconds: that is no news.
            "celery": {"handlers": ["patient"], "level": "WARNING", "propagate": False},
            "kombu": {"handlers": ["patient"], "level": "WARNING", "propagate": False},
            "channels_redis": {"handlers": ["patient"], "level": "WARNING", "propagate": False},
            "config.database": {"handlers": ["patient"], "level": "WARNING", "propagate": False},
            "psycopg.pool": {"handlers": ["patient"], "level": "WARNING", "propagate": False},
            "uvicorn": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # A log-in is an ordinary request; a lock-out still warns.
            "axes": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
            # It writes each command that it gets, and so the mailbox of a person and the secret address of an answer.
            "mail.log": {"level": "WARNING"},
        },
    }
