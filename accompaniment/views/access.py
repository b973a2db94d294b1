"""The rights of roles: outside the perimeter is 404 (querysets), inside without the right is 403 (here)."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.rules.french import listed

P = ParamSpec("P")


class MissingRightError(PermissionDenied):
    """Inside the perimeter without the right. The 403 page says which right is missing, and who can give it."""

    def __init__(self, *, missing: str, remedy: str) -> None:
        super().__init__(f"{missing} {remedy}")


READERS = {
    Role.JOBSEEKER: "aux personnes accompagnées",
    Role.ADVISER: "aux conseillers",
    Role.MANAGER: "aux responsables",
}
ACCOUNTS = {
    Role.JOBSEEKER: "celui d'une personne accompagnée",
    Role.ADVISER: "celui d'un conseiller",
    Role.MANAGER: "celui d'un responsable",
}
ONLY_READS = "Vous pouvez lire ce dossier, sans rien y écrire\u00a0: quelqu'un d'autre suit maintenant la personne."
WHO_FOLLOWS_CAN = "Qui suit la personne peut le faire, ou vous la transférer. Un responsable de sa région aussi."


def missing_role(roles: Sequence[Role], *, role: str) -> MissingRightError:
    """Return whom a page is for, and where a person of this role can turn to."""
    readers = listed(READERS[one] for one in roles)
    if role == Role.JOBSEEKER:
        remedy = "Pour une question sur votre dossier, demandez à votre agence."
    elif list(roles) == [Role.JOBSEEKER]:
        remedy = "Chaque personne accompagnée ouvre la sienne\u00a0; personne d'autre n'en reçoit le droit."
    else:
        wanted = "de conseiller" if Role.ADVISER in roles else "de responsable"
        remedy = f"Ce droit va avec un compte {wanted}\u00a0: un responsable de votre région peut en inviter un."
    missing = f"Cette page est réservée {readers}\u00a0; votre compte est {ACCOUNTS[Role(role)]}."
    return MissingRightError(missing=missing, remedy=remedy)


class AuthenticatedRequest(HttpRequest):
    """A request of a logged-in user; `LoginRequiredMiddleware` guarantees it."""

    user: User
    htmx: HtmxDetails


def role_required(
    *roles: Role,
) -> Callable[
    [Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]],
    Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
]:
    """Let only these roles through. Other logged-in users get the 403 page."""

    def decorate(
        view: Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: AuthenticatedRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.user.role not in roles:
                raise missing_role(roles, role=request.user.role)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def get_to_act(found: Any, user: User, **lookup: Any) -> Any:
    """Return the row of a file in which the user may act: 404 if the user may not see it, 403 if the user may only read
    it.

    `found` is a queryset with `.visible_to` and `.readable_by`, not yet narrowed to a user.
    """
    row = get_object_or_404(found.readable_by(user), **lookup)
    if not found.visible_to(user).filter(pk=row.pk).exists():
        raise MissingRightError(missing=ONLY_READS, remedy=WHO_FOLLOWS_CAN)
    return row


def page_of(request: HttpRequest, rows: QuerySet[Any], *, per_page: int) -> Page[Any]:
    """Return the page that `?page=` names; the first one if it is invalid, the last one if it is too high."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
