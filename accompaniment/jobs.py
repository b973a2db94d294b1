"""Periodic jobs of the ground floor. Each may run late, twice, or on several machines."""

from contextlib import suppress
from importlib import import_module
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accompaniment.services import access_requests, clock, devices, lost_files, sent_forms, throttle

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


class RecordedTask(Task):
    """Base of all jobs: it records when a job last ran, for `manage.py status`."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Record the success. If that fails, the job has still succeeded."""
        with suppress(DatabaseError):
            clock.record_success(job=self.name, now=timezone.now())

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Record the failure."""
        with suppress(DatabaseError):
            clock.record_failure(job=self.name, now=timezone.now(), error=exc)


@shared_task
def forget_sent_forms() -> int:
    """Delete the tokens of forms that were sent days ago."""
    return sent_forms.forget_old(now=timezone.now())


@shared_task
def answer_access_requests() -> int:
    """Answer people who asked for a link without being logged in."""
    return access_requests.answer_waiting()


@shared_task
def forget_tallies() -> int:
    """Delete what the throttle counted long ago."""
    return throttle.forget_old(now=timezone.now())


@shared_task
def forget_lost_documents() -> int:
    """Delete files that no document names any more."""
    return lost_files.forget_lost_documents(timezone.now())


@shared_task
def clear_sessions() -> None:
    """Delete sessions that are over, with the texts kept in them, and the browsers that were told while they lasted."""
    SessionStore.clear_expired()
    devices.forget_over()
