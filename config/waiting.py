"""What waits for somebody, beside the entries of the navigation, and who relays whom: one statement for every page."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import CharField, Count, DateField, Exists, F, IntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.models import Enrolment, Jobseeker, User
from caseload.models import Cover, Manager
from caseload.reads.desk.on_site_requests import requests_answered_by
from caseload.reads.moves.waiting_list import people_waiting
from caseload.reads.perimeter import adviser_perimeter, registrar_perimeter
from messaging.models import CallbackRequest, Conversation, of_the_team
from messaging.reads.threads import unread_by

RELAYED = "relayed"
RELAYING = "relaying"

Row = tuple[str, int, str, date | None]
"""A kind, how many, a name and a last day; counts have no name."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A colleague whom somebody relays, or who relays somebody, until a day."""

    name: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits, by the name of an address of the navigation, and the relays of today."""

    counts: dict[str, int] = field(default_factory=dict)
    relayed: list[Relay] = field(default_factory=list)
    """The colleagues for whom the reader answers."""
    relaying: list[Relay] = field(default_factory=list)
    """The colleagues who answer for the reader."""


ANY_ACCOUNT = -1
"""A placeholder in the statement for the reader; no row has this key."""


def what_waits(user: User, *, now: datetime) -> Waiting:
    """Return what waits for this user, in one statement."""
    counts: dict[str, int] = {}
    relays: dict[str, list[Relay]] = {RELAYED: [], RELAYING: []}
    sql, parameters = _statement(Role(user.role))
    with connection.cursor() as cursor:
        cursor.execute(sql, [_of_reader(one, user=user, now=now) for one in parameters])
        rows: list[Row] = cursor.fetchall()
    for kind, count, name, until in rows:
        if until is not None:
            relays[kind].append(Relay(name, until))
        else:
            counts[kind] = counts.get(kind, 0) + (count or 0)
    return Waiting(counts=counts, relayed=sorted_by_name(relays[RELAYED]), relaying=sorted_by_name(relays[RELAYING]))


@cache
def _statement(role: Role) -> tuple[str, tuple[Any, ...]]:
    """Return the statement of a role. Building it takes as long as a third of a page."""
    reader, now = User(pk=ANY_ACCOUNT, role=role), timezone.now()
    of_role = {Role.ADVISER: _of_adviser, Role.MANAGER: _of_manager, Role.JOBSEEKER: _own}
    first, *others = of_role[role](reader, now)
    return (first.union(*others, all=True) if others else first).query.sql_with_params()


def _of_reader(parameter: Any, *, user: User, now: datetime) -> Any:
    """Return a parameter of the statement for this reader. Every instant in it is the present one."""
    return now if isinstance(parameter, datetime) else user.pk if parameter == ANY_ACCOUNT else parameter


def sorted_by_name(relays: list[Relay]) -> list[Relay]:
    return sorted(relays, key=lambda relay: (relay.name, relay.until))


def _of_adviser(user: User, now: datetime) -> list[QuerySet[Any, Row]]:
    mine = {"jobseeker__in": Jobseeker.objects.filter(adviser_perimeter(user))}
    received = {"jobseeker__in": Jobseeker.objects.filter(registrar_perimeter(user))}
    covers = Cover.objects.running_at(now).answering()
    return [
        _count("conversations", Conversation.objects.filter(**mine).awaiting_reply()),
        _count("callbacks", CallbackRequest.objects.open().filter(Q(**mine) | of_the_team(user, now=now))),
        _count("registrations", Enrolment.objects.awaiting_decision().filter(**received)),
        _count("agenda", requests_answered_by(user).open()),
        _relays(RELAYED, covers.filter(colleague__user=user), "portfolio__adviser__user"),
        _relays(RELAYING, covers.filter(portfolio__adviser__user=user), "colleague__user"),
    ]


def _of_manager(user: User, now: datetime) -> list[QuerySet[Any, Row]]:
    # Asked within the statement, which the reader's regions would otherwise need a second one for.
    steered = Q(agency__departement__region__managers__user=user)
    everywhere = Exists(Manager.objects.filter(user=user, whole_country=True))
    rises = CallbackRequest.objects.open().filter(
        Q(jobseeker__agency__departement__region__managers__user=user) | Q(everywhere), manager_at__lte=now
    )
    late = Conversation.objects.awaiting_reply().filter(
        Q(jobseeker__agency__departement__region__managers__user=user) | Q(everywhere), reply_due_at__lte=now
    )
    return [
        _count("portfolios", people_waiting().filter(steered | Q(everywhere))),
        _count("teams", rises),
        _count("teams", late),
    ]


def _own(user: User, _now: datetime) -> list[QuerySet[Any, Row]]:
    unread = Conversation.objects.filter(jobseeker__user=user).annotate(unread=unread_by(user))
    return [_row("conversations", unread, Sum("unread"))]


def _count(kind: str, rows: QuerySet[Any, Any]) -> QuerySet[Any, Row]:
    return _row(kind, rows, Count("pk", distinct=True))


def _row(kind: str, rows: QuerySet[Any, Any], how_many: Sum | Count) -> QuerySet[Any, Row]:
    counted: QuerySet[Any, Row] = (
        rows.order_by()
        .annotate(kind=Value(kind))
        .values("kind")
        .annotate(many=Cast(how_many, IntegerField()))
        .values_list("kind", "many", Value("", CharField()), Cast(Value(None), DateField()))
    )
    return counted


def _relays(kind: str, covers: QuerySet[Any, Any], colleague: str) -> QuerySet[Any, Row]:
    name = Concat(F(f"{colleague}__first_name"), Value(" "), F(f"{colleague}__last_name"))
    relays: QuerySet[Any, Row] = (
        covers.order_by()
        .distinct()
        .values_list(Value(kind), Value(1, IntegerField()), Cast(name, CharField()), "ends_on")
    )
    return relays
