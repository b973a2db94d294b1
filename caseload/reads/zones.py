"""The clock of each reader, activated once per request, and per e-mail when it is sent.

A jobseeker and an adviser read the clock of their agency. A manager reads the zone that all their regions share, or the
default zone if they share none or steer the whole country.
"""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, F, Max, Min, OuterRef, QuerySet, Subquery, When

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, Region, User
from caseload.models import Adviser, Placement


def with_zone(users: QuerySet[User]) -> QuerySet[User]:
    """Add `zone_name`: the zone of an account's agency, or the one that all its regions share; else None.

    Also add `adviser_zone_name`: for a jobseeker, the zone of their adviser; else None.
    """
    this = OuterRef(OuterRef("pk"))
    jobseeker = _zone_of(Jobseeker.objects.filter(user=this).values("agency"))
    adviser = _zone_of(Adviser.objects.filter(user=this).values("agency"))
    follower = _zone_of(Placement.objects.open().filter(jobseeker__user=this).values("portfolio__adviser__agency"))
    steered = (
        Region.objects.order_by()
        .filter(managers__user=OuterRef("pk"))
        .values("managers__user")
        .annotate(first=Min("timezone"), last=Max("timezone"))
        .values_list(Case(When(first=F("last"), then=F("first"))))
    )
    return users.annotate(
        zone_name=Case(
            When(role=Role.JOBSEEKER, then=jobseeker),
            When(role=Role.ADVISER, then=adviser),
            When(role=Role.MANAGER, then=Subquery(steered)),
        ),
        adviser_zone_name=Case(When(role=Role.JOBSEEKER, then=follower)),
    )


def _zone_of(agency: QuerySet[Any, Any]) -> Subquery:
    """Return the zone of the agency that a query finds.

    The agency is found first, apart from its region. Every page runs this statement, and PostgreSQL plans one join of
    seven tables ten times as long as it runs.
    """
    return Subquery(
        Region.objects.order_by().filter(departements__agencies=Subquery(agency.order_by()[:1])).values("timezone")[:1]
    )


def zone_of(user: User) -> ZoneInfo:
    """Return the zone in which an account reads hours and days."""
    return ZoneInfo(_annotated(user, "zone_name") or settings.TIME_ZONE)


def zones_beside(user: User) -> tuple[ZoneInfo, ...]:
    """Return the clocks of the other people who see the hours of an account's own pages: for a jobseeker, the
    adviser's.
    """
    name = _annotated(user, "adviser_zone_name")
    return (ZoneInfo(name),) if name else ()


def _annotated(user: User, name: str) -> str | None:
    known = user if hasattr(user, name) else with_zone(User.objects.all()).get(pk=user.pk)
    zone: str | None = getattr(known, name)
    return zone


def zone_of_recipient(*, jobseeker: Jobseeker | None, user: User | None) -> ZoneInfo:
    """Return the zone in which an e-mail is read: by a member of the staff, or by the person of the file."""
    if user is not None and (jobseeker is None or user.role != Role.JOBSEEKER):
        return zone_of(user)
    return jobseeker.agency.zone if jobseeker is not None else ZoneInfo(settings.TIME_ZONE)
