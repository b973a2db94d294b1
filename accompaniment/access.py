"""The right that a role gives: outside the perimeter is 404 (querysets), inside without the right is 403 (here)."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accompaniment.enums import Role
from accompaniment.models import User

P = ParamSpec("P")


class AuthenticatedRequest(HttpRequest):
    """A request of somebody who is logged in, which `LoginRequiredMiddleware` has made sure of."""

    user: User
    htmx: HtmxDetails


def role_required(
    *roles: Role,
) -> Callable[
    [Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]],
    Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
]:
    """Let only these roles through; anybody else who is logged in gets the 403 page."""

    def decorate(
        view: Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: AuthenticatedRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.user.role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def get_to_act(found: Any, user: User, **lookup: Any) -> Any:
    """Return the row of a file in which the user may act: 404 for whoever may not see it, 403 where one only reads.

    `found` is a queryset with `.visible_to` and `.readable_by`, not yet narrowed to a user.
    """
    row = get_object_or_404(found.readable_by(user), **lookup)
    if not found.visible_to(user).filter(pk=row.pk).exists():
        raise PermissionDenied
    return row
