"""Whose files a member of staff may see: the answer to the question that `accompaniment.hooks.perimeter` owns."""

from django.db.models import DateField, DateTimeField, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from accompaniment.enums import ReaderCapacity
from accompaniment.models import User
from caseload.models import Adviser, Cover, Manager, Placement, ReadingRight


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


def capacities(user: User) -> list[When]:
    """In which capacity somebody of the staff reads a file now: as its adviser, by a cover, as a former adviser."""
    if user.is_manager:
        return [When(pk__isnull=False, then=Value(ReaderCapacity.MANAGER))]
    now = timezone.now()
    # The day where the colleague works, said by the database: so a reading costs no look-up of its own.
    clock = Func(
        F("colleague__agency__departement__region__timezone"),
        Value(now, output_field=DateTimeField()),
        function="timezone",
        output_field=DateTimeField(),
    )
    covers = Cover.objects.running_on(Cast(clock, DateField())).filter(
        colleague__user=user, portfolio__placements__jobseeker=OuterRef("pk"), portfolio__placements__ended_at=None
    )
    own = Placement.objects.open().filter(jobseeker=OuterRef("pk"), portfolio__adviser__user=user)
    rights = ReadingRight.objects.standing(now).filter(jobseeker=OuterRef("pk"), adviser__user=user)
    return [
        When(Exists(own), then=Value(ReaderCapacity.ADVISER)),
        When(Exists(covers), then=Value(ReaderCapacity.COVER)),
        When(Exists(rights), then=Value(ReaderCapacity.FORMER)),
    ]
