"""Whose files a member of staff may see: the answer to the question that `accompaniment.perimeter` owns."""

from django.db.models import Q
from django.utils import timezone

from accompaniment.models import User
from caseload.models import Adviser, Manager, Placement, ReadingRight


def adviser_perimeter(user: User) -> Q:
    """The people now in one's portfolios, or covered by oneself today (in one's agency's zone)."""
    adviser = Adviser.objects.filter(user=user).select_related("agency__departement__region").first()
    if adviser is None:
        return Q(pk__in=[])
    today = timezone.now().astimezone(adviser.agency.zone).date()
    return Q(pk__in=Placement.objects.open().followed_by(adviser, today).values("jobseeker"))


def manager_perimeter(user: User) -> Q:
    """The people of the agencies of one's regions; everybody for a manager of the whole country."""
    manager = Manager.objects.filter(user=user).first()
    if manager is None:
        return Q(pk__in=[])
    if manager.whole_country:
        return Q(pk__isnull=False)
    return Q(agency__departement__region__in=manager.regions.all())


def former_adviser_reading(user: User) -> Q:
    """The people whom one has handed over and whose files a manager lets one read for a while."""
    rights = ReadingRight.objects.standing(timezone.now()).filter(adviser__user=user)
    return Q(pk__in=rights.values("jobseeker"))
