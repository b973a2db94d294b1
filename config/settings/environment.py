"""Reads mandatory settings from the environment, and refuses missing ones in one sentence."""

import os

from django.core.exceptions import ImproperlyConfigured


def required(*names: str) -> dict[str, str]:
    """Return the environment variables `names`, or raise ImproperlyConfigured naming all that are missing."""
    found = {name: os.environ.get(name, "").strip() for name in names}
    missing = [name for name, value in found.items() if not value]
    if missing:
        one = len(missing) == 1
        msg = (
            f"Production does not start: the environment variable{'' if one else 's'} {', '.join(missing)} "
            f"{'is' if one else 'are'} missing."
        )
        raise ImproperlyConfigured(msg)
    return found


LOCAL_KEY = "local-only-key-that-protects-nothing-but-invented-data"
"""The key of `settings.local`, which is public in the source."""
SHORTEST_KEY = 50  # characters
FEWEST_CHARACTERS = 10
"""The smallest number of different characters in a key; a random one has more."""


def secret_key(text: str) -> str:
    """Return the key that signs sessions and links. Refuse a short key, one with few characters, and the public one."""
    if text == LOCAL_KEY:
        msg = "Production does not start: SECRET_KEY is the one of the local settings, which everybody may read."
        raise ImproperlyConfigured(msg)
    if len(text) < SHORTEST_KEY or len(set(text)) < FEWEST_CHARACTERS or text.startswith("django-insecure-"):
        msg = f"Production does not start: SECRET_KEY must be {SHORTEST_KEY} random characters or more."
        raise ImproperlyConfigured(msg)
    return text


def yes(name: str) -> bool:
    """Return whether an environment variable is "yes". Raise ImproperlyConfigured unless it is yes, no or empty."""
    text = os.environ.get(name, "").strip().lower()
    if text not in {"", "yes", "no"}:
        msg = f"Production does not start: {name} must be yes or no."
        raise ImproperlyConfigured(msg)
    return text == "yes"


def hosts(text: str) -> list[str]:
    """Return the host names of a comma-separated list. Refuse `*`, which would accept any Host header."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or "*" in names:
        msg = "Production does not start: ALLOWED_HOSTS must name the hosts, separated by commas, not `*`."
        raise ImproperlyConfigured(msg)
    return names
