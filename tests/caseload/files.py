"""For tests of files that managers hand in: the stored files, a worker that loads, and an unreachable broker."""

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
    """Hold the lock of a worker that loads, over a separate connection, and release it as a dying worker would."""
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
    """Send jobs to an address where nobody listens."""
    eager, broker = app.conf.task_always_eager, app.conf.broker_url
    app.conf.update(task_always_eager=False, broker_url=f"redis+socket://{settings.DATA_DIR}/nobody-listens.sock")
    try:
        yield
    finally:
        app.conf.update(task_always_eager=eager, broker_url=broker)
