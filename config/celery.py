"""The Celery application. Its clock is UTC; jobs ask what is due, never what is due today."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

# On a bare machine or in a container the demonstration runs as root. Celery warns of messages that carry code, which
# cannot happen here: only JSON is accepted.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("accompagnement", task_cls="accompaniment.jobs:RecordedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@setup_logging.connect
def keep_the_log_as_settings_say(**_kwargs: Any) -> None:
    """Keep Celery from configuring logging, which it does only if this signal has no receiver."""
