"""Turn the two addresses of a deployment into Django's, Channels' and Celery's settings."""

from typing import Any

import dj_database_url


def databases(url: str) -> dict[str, Any]:
    """Return DATABASES for a PostgreSQL URL, with a pool of connections in each process."""
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 16, "timeout": 10}}
    config["CONN_MAX_AGE"] = 0
    return {"default": config}


def channel_layers(url: str) -> dict[str, Any]:
    """Return CHANNEL_LAYERS over Redis pub/sub."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [url], "prefix": "accompagnement"},
        }
    }


def cache(url: str) -> dict[str, Any]:
    """Return CACHES over the same Redis."""
    return {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}
