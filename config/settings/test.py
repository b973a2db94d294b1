"""Tests run on the same embedded servers as `make run`, in separate databases."""

import os
import re

from config.logs import configuration

from .connections import WEB_BROKER, cache, channel_layers
from .local import *  # noqa: F403
from .local import DATA_DIR, DATABASES, REDIS_URL

DEMONSTRATION = True
BROKEN_PANELS_RAISE = True
PANELS_PATIENCE = 60.0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True

LOGGING = configuration("WARNING")

# Files do not change during a run, so a browser need not request them again for each page.
WHITENOISE_MAX_AGE = 60 * 60  # seconds

# A test's commits need not survive a power failure. A lock that nobody lets go fails its test instead of the whole run.
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off -c lock_timeout=60s"

# Workers use caches, channels and queues of their own, and touch those of neither the demonstration nor each other.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_number = int(re.sub(r"\D", "", _worker) or 0)
MEDIA_ROOT = DATA_DIR / "test-files" / _worker
ATTACHMENTS_ROOT = MEDIA_ROOT / "attachments"
CLAMD_URL = ""
SMS_FILE = MEDIA_ROOT / "sms.jsonl"
CACHES = cache(REDIS_URL, number=8 + _number)
CHANNEL_LAYERS = channel_layers(REDIS_URL, prefix=f"test-{_worker}")
CELERY_BROKER_TRANSPORT_OPTIONS = WEB_BROKER | {"global_keyprefix": f"test-{_worker}:"}
