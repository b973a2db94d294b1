"""What the frame of every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.reads.standing import own_rights
from accompaniment.rules.operator import operator
from accompaniment.views.display import theme_of
from accompaniment.views.kept_forms import unfinished
from accompaniment.views.own import rights_on
from accompaniment.views.session_end import seconds_left
from config.demonstration.logins import LOGINS
from config.navigation import Link, navigation_for
from config.version import VERSION
from config.waiting import what_waits


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the facts that the frame of each page shows.

    Only the account is read from the database at once. A page that shows the frame reads what waits, and of a jobseeker
    the rights unless it knows them, with one statement each; of the parts of a page the band alone reads what waits.
    """
    user = getattr(request, "user", None)
    signed_in = user if isinstance(user, User) else None
    return {
        "demonstration": settings.DEMONSTRATION,
        "keeps_offline_page": not settings.WITHDRAW_SERVICE_WORKER,
        "demonstration_logins": LOGINS if settings.DEMONSTRATION else (),
        "operator": operator(),
        "own_rights": SimpleLazyObject(lambda: rights_on(request) or own_rights(signed_in))
        if signed_in and signed_in.is_jobseeker
        else None,
        "session_warning": max(0, seconds_left(request) - settings.SESSION_WARNING) if signed_in else None,
        "signed_in": signed_in,
        "theme": theme_of(request),
        "unfinished_form": unfinished(),
        "version": VERSION,
        **(
            _header(signed_in, request.path)
            if signed_in
            else {"navigation": [], "counted": "", "title_count": 0, "what_waits": None}
        ),
    }


def _header(user: User, path: str) -> dict[str, Any]:
    """Return where one can go, what waits there, and how many new messages a jobseeker reads of in every title.

    A page of the staff counts in its title what waits on that page.
    """
    waits = SimpleLazyObject(lambda: what_waits(user, now=timezone.now()))

    def links() -> list[Link]:
        return navigation_for(Role(user.role), path, waits.counts)

    def counted() -> str:
        return ".".join(str(waits.counts.get(link.url_name, 0)) for link in links())

    def title_count() -> int:
        return waits.counts.get("conversations", 0) if user.is_jobseeker else 0

    return {
        "navigation": SimpleLazyObject(links),
        "counted": SimpleLazyObject(counted),
        "title_count": SimpleLazyObject(title_count),
        "what_waits": waits,
    }
