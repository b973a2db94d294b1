"""The Celery application. Its clock is UTC; jobs ask for what is due, never for what is today."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

# A demonstration on a bare machine or in a container runs as root. What Celery warns of, messages that carry
# code, cannot happen: only JSON is accepted.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("accompagnement", task_cls="accompaniment.jobs:RecordedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@setup_logging.connect
def keep_the_log_as_settings_say(**_kwargs: Any) -> None:
    """Keep Celery from setting up a log of its own: it does so only when nobody listens here."""
