"""What pages show of the logged-in person, read once for a page and the panels in it.

An act reads what it needs again, under its own lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accompaniment.models import Jobseeker
from accompaniment.reads.standing import OwnRights, Standing, rights_in, standing_of_account
from accompaniment.views.access import AuthenticatedRequest

T = TypeVar("T")


def shared_by(request: HttpRequest) -> dict[Any, Any]:
    """Return what was read for this request. The requests of its panels share it (`config/templatetags/panels.py`)."""
    shared: dict[Any, Any] = request.__dict__.setdefault("_read_once", {})
    return shared


@dataclass(frozen=True, slots=True)
class read_once(Generic[T]):  # noqa: N801  (used as a decorator)
    """Makes a function of the request read its rows for the first caller only."""

    read: Callable[[AuthenticatedRequest], T]

    def __call__(self, request: AuthenticatedRequest) -> T:
        shared = shared_by(request)
        if self.read not in shared:
            shared[self.read] = self.read(request)
        found: T = shared[self.read]
        return found

    def known(self, request: HttpRequest) -> T | None:
        """Return what was read already, or None."""
        return shared_by(request).get(self.read)


@read_once
def own_standing(request: AuthenticatedRequest) -> Standing:
    """Return where the person stands on the way to the 100 % web track, with their file; 404 if there is none."""
    standing = standing_of_account(request.user, timezone.now())
    if standing is None:
        raise Http404
    return standing


@read_once
def own_file(request: AuthenticatedRequest) -> Jobseeker:
    """Return the person's file with account, agency and region; 404 if there is none."""
    standing = own_standing.known(request)
    if standing is not None:
        return standing.person
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region", "user")
    )
    return person


def rights_on(request: HttpRequest) -> OwnRights | None:
    """Return what the frame shows of the person's rights, if the page has read it already."""
    standing = own_standing.known(request)
    return rights_in(standing) if standing else None
