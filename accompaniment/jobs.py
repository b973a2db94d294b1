"""What the ground floor does by the clock. Each job may run late, twice, or on several machines."""

from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accompaniment.services import sent_forms

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


@shared_task
def forget_sent_forms() -> int:
    """Forget the tokens of forms that were sent days ago."""
    return sent_forms.forget_old(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that are over, with the texts that waited in them."""
    SessionStore.clear_expired()
