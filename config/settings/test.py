"""Tests run on the same embedded servers as `make run`, in databases of their own."""

import os
import re

from config.logs import configuration

from .connections import WEB_BROKER, cache, channel_layers
from .local import *  # noqa: F403
from .local import DATA_DIR, DATABASES, REDIS_URL

DEMONSTRATION = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BROKER_TRANSPORT_OPTIONS = WEB_BROKER

LOGGING = configuration("WARNING")

# What a test has committed need not outlive a power failure.
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"

# Each worker of a run clears its cache and lists its channels as it likes; the demonstration keeps its own.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_number = int(re.sub(r"\D", "", _worker) or 0)
MEDIA_ROOT = DATA_DIR / "test-files" / _worker
CACHES = cache(REDIS_URL, number=8 + _number)
CHANNEL_LAYERS = channel_layers(REDIS_URL, prefix=f"test-{_worker}")
