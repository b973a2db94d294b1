"""Turns the two URLs of a deployment into settings of Django, Channels and Celery."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

WEB_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Limits in processes that serve pages: the time of one statement, of a wait for a lock, and of an idle transaction.

Jobs and commands have no such limits, because a large file takes long to load.
"""
POOL = {"min_size": 1, "max_size": 16, "timeout": 5, "reconnect_timeout": 2}
"""The connections of one process, and the seconds that a page waits for one before it says that the service is away.

`reconnect_timeout`: the pool gives up after two seconds, and the next page tries again. By default the pool doubles its
wait after each failure, and pages would fail for minutes after the server is back.
"""
CONNECT_TIMEOUT = 3
"""The seconds that one try to reach PostgreSQL may take.

A silent host would take minutes, and would delay the connections that the pool requests once it is back.
`?connect_timeout=` in the URL overrides it.
"""
SILENCE_OF_PAGES = {"tcp_user_timeout": 4_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
SILENCE_OF_JOBS = {"tcp_user_timeout": 30_000, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""When a silent connection counts as lost: milliseconds without an acknowledgement of sent data, seconds until a quiet
connection is probed, seconds between two probes, and number of probes. A page notices it while the reader still waits;
a load of a large file survives a short interruption. The URL can override these, too. A busy database still
acknowledges, so these values do not limit statements."""
REDIS_LIMITS = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0}
"""The seconds that a page waits for Redis to accept a connection, and to answer. A frozen Redis would take for ever."""
WEB_BROKER: dict[str, Any] = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
    **REDIS_LIMITS,
}
"""How a page tries to reach the broker, in seconds.

Scheduled jobs find the work anyway, so no page waits for a broker that is away. The worker waits longer.
"""
WORKER_BROKER = {"socket_connect_timeout": 5.0, "socket_timeout": 30.0, "socket_keepalive": True}
"""How worker and beat wait for the broker, in seconds. They try again without a limit."""
CACHE_NUMBER, BROKER_NUMBER, LAYER_NUMBER = range(3)
"""The Redis database of each use, counted from the one in the URL, so that emptying the cache empties no queue."""


def databases(url: str, *, serves_pages: bool = False) -> dict[str, Any]:
    """Return DATABASES for a PostgreSQL URL, with a connection pool in each process.

    A process that serves pages has limits (`WEB_LIMITS`). Raises ImproperlyConfigured for a URL without a database
    name, for example because a special character of the password ends it early.
    """
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    if parts.scheme not in {"postgres", "postgresql"} or not name or parts.fragment or {"/", "@"} & set(name):
        msg = (
            "DATABASE_URL must look like postgres://user:password@host:5432/name, "
            "with @, /, #, ? and % of the password written as %40, %2F, %23, %3F and %25."
        )
        raise ImproperlyConfigured(msg)
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    config["OPTIONS"] = {
        "connect_timeout": CONNECT_TIMEOUT,
        **(SILENCE_OF_PAGES if serves_pages else SILENCE_OF_JOBS),
        **config.get("OPTIONS", {}),
        "pool": dict(POOL),
    }
    # Django notices a connection that a server restart has cut before a page uses it.
    config["CONN_HEALTH_CHECKS"] = True
    if serves_pages:
        limits = " ".join(f"-c {name}={value}" for name, value in WEB_LIMITS.items())
        config["OPTIONS"]["options"] = f"{config['OPTIONS'].get('options', '')} {limits}".strip()
    config["CONN_MAX_AGE"] = 0
    return {"default": config}


def channel_layers(url: str, prefix: str = "accompagnement") -> dict[str, Any]:
    """Return CHANNEL_LAYERS over Redis pub/sub. Pub/sub ignores database numbers, so the channels have a prefix."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": numbered(url, LAYER_NUMBER), **REDIS_LIMITS}], "prefix": prefix},
        }
    }


def cache(url: str, number: int = CACHE_NUMBER) -> dict[str, Any]:
    """Return CACHES over the same Redis."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": numbered(url, number),
            "OPTIONS": dict(REDIS_LIMITS),
        }
    }


def broker(url: str) -> str:
    """Return the same Redis URL as Celery reads it, with a separate database."""
    parts = urlsplit(numbered(url, BROKER_NUMBER))
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={_database_number(parts)}"
    return urlunsplit(parts)


def numbered(url: str, number: int) -> str:
    """Return the Redis URL of the database `number` places after the one in the URL; 0 if the URL has none."""
    parts = urlsplit(url)
    database = _database_number(parts) + number
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={database}"  # urlunsplit would drop the empty host's slashes
    return urlunsplit(parts._replace(path=f"/{database}"))


def _database_number(parts: SplitResult) -> int:
    """Return the database that a Redis URL names: `redis://host/4` or `unix:///path?db=4`."""
    named = parse_qs(parts.query).get("db", ["0"])[0] if parts.scheme == "unix" else parts.path.strip("/") or "0"
    if not (named.isascii() and named.isdecimal()):
        msg = f"REDIS_URL must name a database by its number, as redis://host:6379/0, not {named!r}."
        raise ImproperlyConfigured(msg)
    return int(named)


@dataclass(frozen=True)
class MailServer:
    """The server that takes e-mails. `starttls` begins unencrypted and switches, `tls` is encrypted from the start."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def email(url: str) -> MailServer:
    """Return the mail server of an smtp://, smtp+tls:// or smtps:// URL; raise ImproperlyConfigured for another."""
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        msg = "EMAIL_URL must look like smtp://, smtp+tls:// or smtps://user:password@host:port."
        raise ImproperlyConfigured(msg)
    return MailServer(
        host=parts.hostname,
        port=parts.port or ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtps",
    )
