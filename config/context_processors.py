"""What the frame of every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accompaniment.enums import Role
from accompaniment.models import User
from config.demonstration import LOGINS
from config.navigation import navigation_for
from config.version import VERSION


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the facts that the frame shows on each page; the person is the only thing read from the database."""
    user = getattr(request, "user", None)
    signed_in = user if isinstance(user, User) else None
    return {
        "demonstration": settings.DEMONSTRATION,
        "demonstration_logins": LOGINS if settings.DEMONSTRATION else (),
        "navigation": navigation_for(Role(signed_in.role), request.path) if signed_in else [],
        "signed_in": signed_in,
        "version": VERSION,
    }
