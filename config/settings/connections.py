"""Turn the two addresses of a deployment into Django's, Channels' and Celery's settings."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

WEB_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""How long the database works for one statement of a page, waits for a lock, and keeps a transaction that does
nothing. Jobs and commands have no such limits: a load of a large file takes as long as it takes."""
WEB_BROKER = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
"""How a page tries to reach the broker, in seconds: what it has to say is found by the clock otherwise, so nobody
waits for a broker that is away. The worker is more patient."""
CACHE_NUMBER = 0
BROKER_NUMBER = 1


def databases(url: str, *, serves_pages: bool = False) -> dict[str, Any]:
    """Return DATABASES for a PostgreSQL URL, with a pool of connections in each process.

    A process that serves pages gives up on what takes too long (`WEB_LIMITS`).
    """
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 16, "timeout": 10}}
    if serves_pages:
        limits = " ".join(f"-c {name}={value}" for name, value in WEB_LIMITS.items())
        config["OPTIONS"]["options"] = f"{config['OPTIONS'].get('options', '')} {limits}".strip()
    config["CONN_MAX_AGE"] = 0
    return {"default": config}


def channel_layers(url: str, prefix: str = "accompagnement") -> dict[str, Any]:
    """Return CHANNEL_LAYERS over Redis pub/sub, whose channels know no numbered database, only a prefix."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [numbered(url, CACHE_NUMBER)], "prefix": prefix},
        }
    }


def cache(url: str, number: int = CACHE_NUMBER) -> dict[str, Any]:
    """Return CACHES over the same Redis."""
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": numbered(url, number),
        }
    }


def broker(url: str) -> str:
    """Return the URL of the same Redis in the form that Celery reads, in a numbered database of its own."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={BROKER_NUMBER}"
    return numbered(url, BROKER_NUMBER)


def numbered(url: str, number: int) -> str:
    """Return the Redis URL for another numbered database, unless it names one itself."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"  # urlunsplit would drop the empty host's slashes
    if parts.path.strip("/"):
        return url
    return urlunsplit(parts._replace(path=f"/{number}"))


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in. `starttls` begins in the clear and switches, `tls` is encrypted throughout."""

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
