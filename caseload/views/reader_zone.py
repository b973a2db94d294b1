"""The reader's time zone: loaded with the account, active for the request."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from accompaniment.models import User
from accompaniment.reads.zones import read_beside
from caseload.reads.zones import with_zone, zone_of, zones_beside

ANY_ACCOUNT = -1
"""A placeholder in the statement for the requested account; no row has this key."""


class Backend(ModelBackend):
    """Loads Django's accounts together with their zone in one statement, because every page needs both."""

    def get_user(self, user_id: int) -> User | None:
        sql, parameters = _one_account()
        found = User.objects.raw(sql, [user_id if one == ANY_ACCOUNT else one for one in parameters])
        user = next(iter(found), None)
        return user if user is not None and self.user_can_authenticate(user) else None


@cache
def _one_account() -> tuple[str, tuple[Any, ...]]:
    """Return the statement that loads an account with its zones. Building it takes as long as a short page."""
    return with_zone(User.objects.filter(pk=ANY_ACCOUNT)).query.sql_with_params()


class ReaderZoneMiddleware(MiddlewareMixin):
    """Makes every page write hours and days in the reader's zone, and name the zone where necessary."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> None:
        if request.user.is_authenticated:
            timezone.activate(zone_of(request.user))
            read_beside(zones_beside(request.user))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        timezone.deactivate()
        read_beside(())
        return response
