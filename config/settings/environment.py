"""Read what a deployment must say, and refuse in one sentence when it does not."""

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


def hosts(text: str) -> list[str]:
    """Return the host names of a comma-separated list; refuse `*`, which would believe any Host header."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or "*" in names:
        msg = "Production does not start: ALLOWED_HOSTS must name the hosts, separated by commas, not `*`."
        raise ImproperlyConfigured(msg)
    return names
