"""A real deployment: everything that differs from one to the next comes from the environment.

| variable | meaning |
|---|---|
| SECRET_KEY | mandatory: at least 50 random characters |
| WITHDRAW_SERVICE_WORKER | yes removes the service worker from the browsers that have it; default no |
| HSTS_PRELOAD | yes asks browsers to put the domain on their list of HTTPS only, for years; default no |
| ALLOWED_HOSTS | mandatory: host names, separated by commas |
| DATABASE_URL | mandatory: postgres://user:password@host/name |
| REDIS_URL | mandatory: redis://host:6379 |
| PUBLIC_URL | scheme and host of links in e-mails; default: https:// and the first host |
| EMAIL_URL | smtp://, smtp+tls:// (STARTTLS) or smtps://user:password@host:port; default: smtp://localhost |
| DEFAULT_FROM_EMAIL | sender of e-mails |
| REPLY_DOMAIN | domain whose e-mails come to `manage.py receive_mail`; empty: e-mails cannot be answered |
| SMS_GATEWAY | http, file or empty: no SMS; with http, SMS_URL is mandatory |
| SMS_URL | where the gateway takes SMS |
| SMS_TOKEN | bearer token of the gateway |
| SMS_SENDER | what a telephone shows as the sender |
| SMS_DAILY_BUDGET | most parts of SMS a day; default 1000 |
| SMS_COUNTRIES | countries beside France whose mobiles get SMS, separated by commas |
| VAPID_PRIVATE_KEY | key of the alerts in browsers, 32 bytes in base64url; empty: none |
| VAPID_SUBJECT | how a push service reaches the operator; default: mailto: and OPERATOR_EMAIL |
| MEDIA_ROOT | folder of the files that people hand in, shared by web and worker; default: `files` in DATA_DIR |
| ATTACHMENTS_ROOT | folder of the files of messages, shared by web and worker; default: `attachments` in MEDIA_ROOT |
| ATTACHMENT_MAXIMUM_MEGABYTES | how large a file of a message may be; default 10 |
| CLAMD_URL | virus scanner of these files, tcp://host:3310 or unix:///path; empty: none |
| IMPORT_MAXIMUM_MEGABYTES | how large a file to load may be; default 100 |
| LOG_LEVEL | default INFO |
| LOG_FORMAT | text (default) or json, one object a line |
| FORWARDED_ALLOW_IPS | addresses of the proxies whose X-Forwarded-* headers uvicorn believes; default 127.0.0.1 |
"""

import os

from config.logs import configuration

from .base import *  # noqa: F403
from .base import DATA_DIR, SERVES_PAGES, SILENCED_SYSTEM_CHECKS  # noqa: F401
from .connections import broker, cache, channel_layers, databases, email
from .environment import hosts, required, secret_key, yes

_given = required("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL")
if os.environ.get("SMS_GATEWAY") == "http":
    required("SMS_URL", "SMS_TOKEN")

SECRET_KEY = secret_key(_given["SECRET_KEY"])
ALLOWED_HOSTS = hosts(_given["ALLOWED_HOSTS"])
REDIS_URL = _given["REDIS_URL"]
PUBLIC_URL = (os.environ.get("PUBLIC_URL") or f"https://{ALLOWED_HOSTS[0]}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

DATABASES = databases(_given["DATABASE_URL"], serves_pages=SERVES_PAGES)
CHANNEL_LAYERS = channel_layers(REDIS_URL)
CACHES = cache(REDIS_URL)
CELERY_BROKER_URL = broker(REDIS_URL)

_mail = email(os.environ.get("EMAIL_URL") or "smtp://localhost")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _mail.host
EMAIL_PORT = _mail.port
EMAIL_HOST_USER = _mail.user
EMAIL_HOST_PASSWORD = _mail.password
EMAIL_USE_TLS = _mail.starttls
EMAIL_USE_SSL = _mail.tls
EMAIL_TIMEOUT = 10  # seconds

# A trusted proxy tells uvicorn that a request came over HTTPS, and uvicorn tells Django.
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = yes("HSTS_PRELOAD")
WITHDRAW_SERVICE_WORKER = yes("WITHDRAW_SERVICE_WORKER")
if not SECURE_HSTS_PRELOAD:
    # Being on the browsers' list binds the whole domain for years, so an operator has to ask for it.
    SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "security.W021"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.static_storage.ModulesByDigestStorage",
        # Root collects them and the account of the service reads them. People's documents stay closed to others.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}

LOGGING = configuration(os.environ.get("LOG_LEVEL") or "INFO", os.environ.get("LOG_FORMAT") or "text")
