"""Development and demonstration: embedded servers unless DATABASE_URL and REDIS_URL name real ones."""

from config.embedded import connection_urls

from .base import *  # noqa: F403
from .base import DATA_DIR
from .connections import cache, channel_layers, databases

DEBUG = False
DEMONSTRATION = True
SECRET_KEY = "local-only-key-that-protects-nothing-but-invented-data"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

_urls = connection_urls(DATA_DIR)
DATABASES = databases(_urls.database)
CHANNEL_LAYERS = channel_layers(_urls.redis)
CACHES = cache(_urls.redis)
CELERY_BROKER_URL = _urls.redis_for_celery
