"""Development and demonstration: embedded servers unless DATABASE_URL and REDIS_URL name real ones."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.embedded import connection_urls
from config.logs import configuration

from .base import *  # noqa: F403
from .base import DATA_DIR, SERVES_PAGES
from .connections import broker, cache, channel_layers, databases
from .environment import LOCAL_KEY

DEMONSTRATION = True
LOCKS_OUT_OF_ORDER_RAISE = True
SECRET_KEY = LOCAL_KEY
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://localhost:{os.environ.get('PORT') or 8000}").rstrip("/")
LOGGING = configuration(layout=os.environ.get("LOG_FORMAT") or "text")
SMS_GATEWAY = "file"
EMAIL_BACKEND = "messaging.services.mailbox.DemonstrationBackend"

# An invented operator, with addresses and numbers that belong to nobody.
OPERATOR_NAME = "l'Agence d'exemple"
OPERATOR_ADDRESS = "1 rue de l'Exemple, 75000 Paris"
OPERATOR_EMAIL = "contact@accompagnement.example"
OPERATOR_PHONE = "01 99 00 00 01"
PUBLICATION_DIRECTOR = "Camille Exemple, direction générale"
HOSTING = "Hébergeur d'exemple, 2 rue de l'Exemple, 75000 Paris, 01 99 00 00 02"
DATA_CONTROLLER = "l'Agence d'exemple, 1 rue de l'Exemple, 75000 Paris"
DPO_CONTACT = "dpo@accompagnement.example"
ACCESSIBILITY_EMAIL = "accessibilite@accompagnement.example"
ACCESSIBILITY_PHONE = "01 99 00 00 03"
ACCESSIBILITY_STATED_ON = "2026-11-28"
MEDIATOR_NAME = "le médiateur"
MEDIATOR_URL = "https://mediateur.accompagnement.example"

# Static files come from the apps' folders, as they are on disk now.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0  # seconds

DATABASE_URL = os.environ.get("DATABASE_URL", "")
REDIS_URL = os.environ.get("REDIS_URL", "")
if bool(DATABASE_URL) != bool(REDIS_URL):
    _missing = "REDIS_URL" if DATABASE_URL else "DATABASE_URL"
    _msg = f"{_missing} is missing: set both DATABASE_URL and REDIS_URL, or neither for the embedded servers."
    raise ImproperlyConfigured(_msg)
if not DATABASE_URL:
    _embedded = connection_urls(DATA_DIR)
    DATABASE_URL, REDIS_URL = _embedded.database, _embedded.redis

DATABASES = databases(DATABASE_URL, serves_pages=SERVES_PAGES)
CHANNEL_LAYERS = channel_layers(REDIS_URL)
CACHES = cache(REDIS_URL)
CELERY_BROKER_URL = broker(REDIS_URL)
