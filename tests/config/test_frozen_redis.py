"""A Redis that accepts connections and never answers delays nobody for long: every call has a time limit."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from celery import Celery
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.core.cache.backends.redis import RedisCache
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings
from redis.exceptions import TimeoutError as RedisTimeoutError

from config import health
from config.settings import connections
from tests.frozen_redis import frozen_redis

PATIENCE = 8.0
"""Seconds: two tries of a connection with its limit, and room for a slow machine."""


@pytest.fixture
def frozen() -> Iterator[str]:
    with frozen_redis() as address:
        yield address


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PATIENCE


def test_a_job_that_a_page_asks_for(frozen: str) -> None:
    """The page that takes a file asks for a job like this. If it fails, the file waits for the next scheduled round."""
    app = Celery("frozen", broker=connections.broker(frozen), set_as_current=False)
    app.conf.broker_transport_options = connections.WEB_BROKER
    with pytest.raises(BrokerError):
        app.send_task("job", retry=False)
    app.close()


def test_the_cache(frozen: str) -> None:
    entry = connections.cache(frozen)["default"]
    cache = RedisCache(entry["LOCATION"], {"OPTIONS": entry["OPTIONS"]})
    with pytest.raises(RedisTimeoutError):
        cache.get("key")


def test_the_channel_layer(frozen: str) -> None:
    layer = RedisPubSubChannelLayer(**connections.channel_layers(frozen)["default"]["CONFIG"])
    with pytest.raises(RedisTimeoutError):
        asyncio.run(layer.group_send("group", {"type": "news"}))


def test_the_probe(frozen: str, settings: Settings) -> None:
    settings.REDIS_URL = frozen
    assert not health._redis_answers()


def test_a_worker_tries_again_for_as_long_as_it_takes() -> None:
    assert settings.CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP
    assert settings.CELERY_BROKER_CONNECTION_MAX_RETRIES is None
    app = Celery("patient", set_as_current=False)
    app.config_from_object(settings, namespace="CELERY")
    assert app.conf.broker_connection_max_retries is None
