"""Settings that every environment shares. The local, test and production settings hold the differences."""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from .connections import WEB_BROKER, WORKER_BROKER

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()

SERVES_PAGES = bool(os.environ.get("SERVES_PAGES"))
"""Set by `config.asgi` in processes that serve pages, whose waits are limited."""

DEBUG = False
DEMONSTRATION = False
"""True only with invented data: adds the page of sent e-mails and the list of log-ins."""
LOCKS_OUT_OF_ORDER_RAISE = False  # they are only logged, and the act goes on
BROKEN_PANELS_RAISE = False  # they are only logged, and the page shows a link in their place
PANELS_PATIENCE = 2.0
"""Seconds that all panels of a page may take together. A panel that is not ready by then comes by htmx."""

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "visio",
    "messaging",
    "caseload",
    "accompaniment",
    "channels",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "widget_tweaks",
    "dsfr",
    "django_htmx",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "config.middleware.HealthMiddleware",
    "config.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.door.DoorMiddleware",
    "config.middleware.StaticFilesMiddleware",
    "config.middleware.PrivateAnswersMiddleware",
    # Whatever changes a page stands inside.
    "config.middleware.CompressedPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # It changes the page, so it stands inside CommonMiddleware, which sets the length of the answer.
    "config.middleware.ErrorTitleMiddleware",
    "config.middleware.WrongMethodMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accompaniment.views.kept_forms.LogInRequiredMiddleware",
    "caseload.views.reader_zone.ReaderZoneMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.body_limit.RefusedBodyMiddleware",
    "config.middleware.NoRightMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

FORM_RENDERER = "config.form_renderer.DesignSystemRenderer"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "accompaniment.templatetags.french",
                "accompaniment.templatetags.legal",
                "accompaniment.templatetags.once",
                "config.templatetags.panels",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.frame",
            ],
        },
    },
]

# --- People and log-in ---------------------------------------------------------------------------

AUTH_USER_MODEL = "accompaniment.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "caseload.views.reader_zone.Backend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accompaniment.rules.passwords.NotTrivialValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
ACTIVATION_LINK_DAYS = 14
ADDRESS_LINK_DAYS = 7
ADDRESS_CHANGES_A_DAY = 5
"""The number of new addresses that the owner of an account may request in 24 hours. Each request sends a letter."""
ADDRESS_PROOF_TRIES = 5
"""The number of wrong identifiers or passwords after which a link that confirms an address ends."""
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12  # seconds: a working day
SESSION_WARNING = 60 * 10
"""Seconds before the end of its session in which a page warns of it and offers to stay."""
SOCKETS_PER_ACCOUNT = 40
"""Open conversations, desks and rooms of one account, over all processes. Each tab has at most two."""
SOCKET_THREADS = 8
"""Database acts of sockets that one process runs in parallel. Pages keep the other half of its connections (`POOL`)."""
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"

# Five wrong passwords for one address from one place close the log-in there for a quarter of an hour. BOUNDS limits one
# address over all places, and one place over all addresses.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accompaniment.views.accounts.login_locked"
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True

HOUR = 60 * 60  # seconds
BOUNDS: dict[str, tuple[int, int]] = {
    # The allowed number, and the seconds in which they count (accompaniment/services/throttle.py). A place may be a
    # whole agency.
    "password_forgotten.address": (5, HOUR),
    "password_forgotten.place": (30, HOUR),
    "first_access.identifier": (4, HOUR // 4),
    "first_access.address": (5, HOUR),
    "first_access.place": (60, HOUR),
    "password_change.account": (10, HOUR // 4),
    # A calendar asks a few times an hour. An address that nobody made counts for its place.
    "calendar_feed.address": (60, HOUR),
    "calendar_feed.place": (60, HOUR),
    # Wrong passwords. For one address over all places this is only a short slow-down. It does not apply to a place from
    # which the account was opened within thirty days, and a link by e-mail works meanwhile.
    "log_in.address": (10, 5 * 60),
    "log_in.place": (60, HOUR // 4),
    "log_in.known_place": (1, 30 * 24 * HOUR),
}

# --- Language and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

# --- Files and security --------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "config.finders.DesignSystemFinder",
    "config.finders.OwnFilesFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
WITHDRAW_SERVICE_WORKER = False
"""True removes the service worker from the browsers that have it."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes, files not counted
MEDIA_ROOT = os.environ.get("MEDIA_ROOT") or DATA_DIR / "files"
"""Files that people hand in. Web and worker share the folder, and no URL leads into it."""
ATTACHMENTS_ROOT = os.environ.get("ATTACHMENTS_ROOT") or Path(MEDIA_ROOT) / "attachments"
"""Files of messages, under random names. Web and worker share the folder, and no URL leads into it."""
ATTACHMENT_MAXIMUM_MEGABYTES = int(os.environ.get("ATTACHMENT_MAXIMUM_MEGABYTES") or 10)
CLAMD_URL = os.environ.get("CLAMD_URL", "")
"""The virus scanner of attachments: `tcp://host:3310` or `unix:///path`. Empty: they are not scanned."""
CLAMD_TIMEOUT = 30.0  # seconds for one file
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
IMPORT_MAXIMUM_MEGABYTES = int(os.environ.get("IMPORT_MAXIMUM_MEGABYTES") or 100)
REQUEST_MAXIMUM_BYTES = (IMPORT_MAXIMUM_MEGABYTES + 1) * 1024 * 1024
"""The largest request. A larger one is refused before any of it is stored."""
HEADERS_MAXIMUM_BYTES = 32 * 1024
"""URL and headers of a request or a handshake. A page of ours sends one or two thousand bytes."""
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- E-mail and public address -------------------------------------------------------------------

DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "ne-pas-repondre@accompagnement.example")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:8000").rstrip("/")
"""Scheme and host that links in e-mails begin with."""

REPLY_DOMAIN = os.environ.get("REPLY_DOMAIN", "")
"""The domain whose e-mails `manage.py receive_mail` takes: answers to notifications, and letters that come back. Empty:
e-mails cannot be answered."""
REPLY_ADDRESS_DAYS = 30
"""How long an e-mail can be answered."""
REPLY_MAXIMUM_BYTES = 15 * 1024 * 1024

# --- SMS (messaging/services/sms.py) -------------------------------------------------------------

SMS_GATEWAY = os.environ.get("SMS_GATEWAY", "")
"""`http`, `file`, or empty: no SMS leaves."""
SMS_FILE = os.environ.get("SMS_FILE") or DATA_DIR / "sms.jsonl"
"""Where the file gateway writes, one JSON object a line."""
SMS_URL = os.environ.get("SMS_URL", "")
SMS_TOKEN = os.environ.get("SMS_TOKEN", "")
"""Sent to the gateway as a bearer token."""
SMS_SENDER = os.environ.get("SMS_SENDER", "")
"""The name or number that the telephone shows, at most eleven letters; empty: the gateway's own."""
SMS_TIMEOUT = 10  # seconds
SMS_DAILY_BUDGET = int(os.environ.get("SMS_DAILY_BUDGET") or 1000)
"""The most parts of SMS a day (Paris time). What does not fit waits until the next day."""
SMS_COUNTRIES = frozenset(filter(None, os.environ.get("SMS_COUNTRIES", "").upper().replace(" ", "").split(",")))
"""Countries whose mobile numbers also get SMS, as « BE,DE ». French numbers, overseas included, always do."""

# --- Alerts in browsers (messaging/services/push.py) ---------------------------------------------

VAPID_PRIVATE_KEY = os.environ.get("VAPID_PRIVATE_KEY", "")
"""The key by which browsers know the service: 32 bytes in base64url. Empty: no alerts. With another key, each browser
has to ask again."""
VAPID_SUBJECT = os.environ.get("VAPID_SUBJECT") or f"mailto:{os.environ.get('OPERATOR_EMAIL', '')}"
"""How a push service reaches the operator: `mailto:` or `https:`."""
PUSH_SERVICES = frozenset(
    {
        "https://fcm.googleapis.com",
        "https://updates.push.services.mozilla.com",
        "https://web.push.apple.com",
        "https://*.notify.windows.com",
    }
)
"""The push services of browsers' makers. Nothing is posted to any other address."""
PUSH_TIMEOUT = 10  # seconds

# --- Recourse ------------------------------------------------------------------------------------

LEGAL_WORDS_VALIDATED_ON = os.environ.get("LEGAL_WORDS_VALIDATED_ON", "")
"""The day (YYYY-MM-DD) on which the legal department validated the legal sentences. `check` requires it."""

MEDIATOR_NAME = os.environ.get("MEDIATOR_NAME", "le médiateur")
"""The mediator, to whom a person can turn if the agency's answer does not satisfy them, as written in a sentence."""

MEDIATOR_URL = os.environ.get("MEDIATOR_URL", "")
"""The mediator's page. `check --deploy` requires it."""

# --- Who runs the service (accompaniment/rules/operator.py); `check` names each that is empty --------------

OPERATOR_NAME = os.environ.get("OPERATOR_NAME", "")
"""As it is written in a sentence: « suivi par … »."""
OPERATOR_ADDRESS = os.environ.get("OPERATOR_ADDRESS", "")
OPERATOR_EMAIL = os.environ.get("OPERATOR_EMAIL", "")
OPERATOR_PHONE = os.environ.get("OPERATOR_PHONE", "")
PUBLICATION_DIRECTOR = os.environ.get("PUBLICATION_DIRECTOR", "")
HOSTING = os.environ.get("HOSTING", "")
"""Name, address and telephone of the hosting company."""
DATA_CONTROLLER = os.environ.get("DATA_CONTROLLER", "")
DPO_CONTACT = os.environ.get("DPO_CONTACT", "")
LEGAL_BASIS = os.environ.get("LEGAL_BASIS") or (
    "une mission d'intérêt public (article 6, paragraphe 1, point e, du règlement général sur la protection "
    "des données)"
)
FILES_KEPT_YEARS = int(os.environ.get("FILES_KEPT_YEARS") or 20)
"""After the last registration (Code du travail, R. 5312-44)."""
SPACE_KEPT_MONTHS = int(os.environ.get("SPACE_KEPT_MONTHS") or 13)
"""After the last log-in (Code du travail, R. 5312-44)."""
DELETED_FILES_KEPT_DAYS = 30
"""How long the files of a deleted message are kept, out of everybody's reach."""
ACCESSIBILITY_EMAIL = os.environ.get("ACCESSIBILITY_EMAIL", "")
ACCESSIBILITY_PHONE = os.environ.get("ACCESSIBILITY_PHONE", "")
ACCESSIBILITY_STATED_ON = os.environ.get("ACCESSIBILITY_STATED_ON", "")
"""The day (YYYY-MM-DD) of the accessibility statement."""

# --- Work in the background ----------------------------------------------------------------------

CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A worker that gave up would have to be restarted by hand, perhaps at night.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = WEB_BROKER if SERVES_PAGES else WORKER_BROKER
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
# Beat keeps its schedule in memory. The jobs ask what is due, so a restart loses nothing, and a schedule file could be
# found broken after a crash.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# A call that no worker has taken expires when the next one is sent, so that an outage leaves no queue of them.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "keep-search-words": {
        "task": "messaging.jobs.keep_search_words",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "deliver-notifications": {
        "task": "messaging.jobs.deliver_notifications",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    # The act itself starts the job. This sends what waits after an outage or a dead worker.
    "send-dispatches": {"task": "messaging.jobs.send_dispatches", "schedule": 5.0, "options": {"expires": 5.0}},
    "send-planned-messages": {
        "task": "messaging.jobs.send_planned_messages",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    "keep-callbacks": {"task": "messaging.jobs.keep_callbacks", "schedule": 60.0, "options": {"expires": 60.0}},
    "keep-reply-times": {"task": "messaging.jobs.keep_reply_times", "schedule": 60.0, "options": {"expires": 60.0}},
    "scan-attachments": {
        "task": "messaging.jobs.scan_attachments",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "forget-attachments": {"task": "messaging.jobs.forget_attachments", "schedule": 3600.0},
    "tell-unread-messages": {
        "task": "messaging.jobs.tell_unread_messages",
        "schedule": 20.0,
        "options": {"expires": 20.0},
    },
    "read-calendars": {"task": "visio.jobs.read_calendars", "schedule": 60.0, "options": {"expires": 60.0}},
    "plan-interviews": {"task": "visio.jobs.plan_interviews", "schedule": 60.0, "options": {"expires": 60.0}},
    "call-missing": {"task": "visio.jobs.call_missing", "schedule": 30.0, "options": {"expires": 30.0}},
    "send-reminders": {"task": "visio.jobs.send_reminders", "schedule": 60.0, "options": {"expires": 60.0}},
    "carry-out-transfers": {
        "task": "caseload.jobs.carry_out_transfers",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "lapse-enrolments": {"task": "caseload.jobs.lapse_enrolments", "schedule": 600.0, "options": {"expires": 600.0}},
    # The upload itself starts the job. This finds files that arrived while the broker was away, or whose worker died.
    "load-files": {"task": "caseload.jobs.load_files", "schedule": 30.0, "options": {"expires": 30.0}},
    "forget-rejected-rows": {"task": "caseload.jobs.forget_rejected_rows", "schedule": 3600.0},
    "apply-capacities": {"task": "caseload.jobs.apply_capacities", "schedule": 600.0},
    "forget-sent-forms": {"task": "accompaniment.jobs.forget_sent_forms", "schedule": 3600.0},
    "answer-access-requests": {
        "task": "accompaniment.jobs.answer_access_requests",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "forget-lost-documents": {"task": "accompaniment.jobs.forget_lost_documents", "schedule": 3600.0},
    "forget-tallies": {"task": "accompaniment.jobs.forget_tallies", "schedule": 3600.0},
    "clear-sessions": {"task": "accompaniment.jobs.clear_sessions", "schedule": 1800.0},
}

# The waits of a row on which a job failed, by number of failures; after that always the last one.
SETBACK_WAITS_MINUTES = (1, 5, 15, 60, 180, 720)

# --- Video ---------------------------------------------------------------------------------------

STUN_URLS = [url for url in os.environ.get("STUN_URLS", "").split(",") if url]
TURN_URLS = [url for url in os.environ.get("TURN_URLS", "").split(",") if url]
TURN_SECRET = os.environ.get("TURN_SECRET", "")
"""Shared with coturn (`static-auth-secret`). Each person gets a log-in for each interview, which expires."""

VIDEO_RELAY_ONLY = os.environ.get("VIDEO_RELAY_ONLY", "") == "1"
"""Whether all pictures and sound go through the relay, so that neither side learns the other's network address."""

SILENCED_SYSTEM_CHECKS: list[str] = []
