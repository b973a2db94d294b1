"""Files that managers hand in, for tests: what the storage keeps, who loads, and a broker that is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from caseload.models import ImportRun
from caseload.services.steering.imports import LOADING
from config.celery import app


def kept_files() -> list[str]:
    """Return the files that wait in the storage."""
    field = ImportRun.source.field
    return field.storage.listdir(field.upload_to)[1] if field.storage.exists(field.upload_to) else []


@contextmanager
def loading_elsewhere() -> Iterator[None]:
    """Hold the lock of a worker that loads, by a connection of its own; it is let go as by a worker that dies."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", LOADING)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", LOADING)
            other.close()


@contextmanager
def no_broker() -> Iterator[None]:
    """Send jobs to where nobody listens."""
    eager, broker = app.conf.task_always_eager, app.conf.broker_url
    app.conf.update(task_always_eager=False, broker_url=f"redis+socket://{settings.DATA_DIR}/nobody-listens.sock")
    try:
        yield
    finally:
        app.conf.update(task_always_eager=eager, broker_url=broker)
