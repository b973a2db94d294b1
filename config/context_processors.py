"""What the frame of every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.reads.standing import own_rights
from accompaniment.rules.operator import operator
from accompaniment.views.kept_forms import unfinished
from config.demonstration.logins import LOGINS
from config.navigation import navigation_for
from config.version import VERSION


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the facts that the frame shows on each page.

    The person is the only thing read from the database; a jobseeker's rights are read by pages that show them.
    """
    user = getattr(request, "user", None)
    signed_in = user if isinstance(user, User) else None
    return {
        "demonstration": settings.DEMONSTRATION,
        "demonstration_logins": LOGINS if settings.DEMONSTRATION else (),
        "operator": operator(),
        "own_rights": SimpleLazyObject(lambda: own_rights(signed_in)) if signed_in and signed_in.is_jobseeker else None,
        "navigation": navigation_for(Role(signed_in.role), request.path) if signed_in else [],
        "signed_in": signed_in,
        "unfinished_form": unfinished(),
        "version": VERSION,
    }
