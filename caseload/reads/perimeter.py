"""Whose files a member of staff may see: the answer to the question that `accompaniment.hooks.perimeter` owns."""

from django.db.models import Exists, OuterRef, Q, Value, When
from django.utils import timezone

from accompaniment.enums import Modality, ReaderCapacity
from accompaniment.models import Agency, User
from caseload.models import Adviser, Cover, Manager, Placement, ReadingRight


def adviser_perimeter(user: User) -> Q:
    """The people of the portfolios that the adviser follows now: the adviser's own, and those covered today."""
    return Q(pk__in=Placement.objects.open().followed_by(user, timezone.now()).values("jobseeker"))


def own_people(user: User) -> Q:
    """The people of the adviser's own portfolios, whose contact details open without being asked for."""
    return Q(pk__in=Placement.objects.open().filter(portfolio__adviser__user=user).values("jobseeker"))


def manager_perimeter(user: User) -> Q:
    """The people of the agencies of one's regions; everybody for a manager of the whole country."""
    manager = Manager.objects.filter(user=user).first() if user.is_manager else None
    if manager is None:
        return Q(pk__in=[])
    if manager.whole_country:
        return Q(pk__isnull=False)
    return Q(agency__departement__region__in=manager.regions.all())


def registrar_perimeter(user: User) -> Q:
    """The people of the agency of an adviser of the 100 % web, who conducts the registration interviews there."""
    adviser = Adviser.objects.filter(user=user, portfolios__modality=Modality.GUIDE_WEB)
    return Q(agency__in=adviser.values("agency"))


def answered_on_site(user: User) -> Q:
    """The people whose requests a user answers: for an adviser those of the perimeter, and the agency's people without
    an adviser.

    A manager answers only for people without an adviser.
    """
    nobody = ~Exists(Placement.objects.open().filter(jobseeker=OuterRef("pk")))
    if user.is_manager:
        return manager_perimeter(user) & Q(nobody)
    of_the_agency = Q(agency__in=Adviser.objects.filter(user=user).values("agency"))
    return adviser_perimeter(user) | of_the_agency & Q(nobody)


def manager_territory(user: User) -> Q:
    """The regions that one steers, as a condition on `Region`."""
    manager = Manager.objects.filter(user=user).first() if user.is_manager else None
    if manager is None:
        return Q(pk__in=[])
    return Q(pk__isnull=False) if manager.whole_country else Q(managers=manager)


def steers_whole_country(user: User) -> bool:
    return Manager.objects.filter(user=user, whole_country=True).exists()


def former_adviser_reading(user: User) -> Q:
    """The people whom one has handed over and whose files a manager lets one read for a while."""
    rights = ReadingRight.objects.standing(timezone.now()).filter(adviser__user=user)
    return Q(pk__in=rights.values("jobseeker"))


def readable_people(user: User) -> list[int]:
    """Return the keys of all people whose files an adviser may read: some hundreds, in one statement.

    Reading the names of these few costs the same in any country. The index of the names would find everybody who is
    called so, and nearly all of them are other advisers' people.
    """
    now = timezone.now()
    followed = Placement.objects.open().followed_by(user, now).order_by().values_list("jobseeker")
    rights = ReadingRight.objects.standing(now).filter(adviser__user=user).order_by().values_list("jobseeker")
    return [key for (key,) in followed.union(rights)]


def steered_agencies(user: User) -> Q:
    """The people of the agencies that a manager steers, by the keys of these, which the index of the names holds.

    Joined to the regions, everybody of the country who is called so would be read first.
    """
    if steers_whole_country(user):
        return Q()
    agencies = Agency.objects.filter(departement__region__managers__user=user).order_by()
    return Q(agency__in=list(agencies.values_list("pk", flat=True)))


def capacities(user: User) -> list[When]:
    """In which capacity somebody of the staff reads a file now: as its adviser, by a cover, as a former adviser."""
    if user.is_manager:
        return [When(pk__isnull=False, then=Value(ReaderCapacity.MANAGER))]
    now = timezone.now()
    covers = Cover.objects.running_at(now).of_person(OuterRef("pk")).filter(colleague__user=user)
    own = Placement.objects.open().filter(jobseeker=OuterRef("pk"), portfolio__adviser__user=user)
    rights = ReadingRight.objects.standing(now).filter(jobseeker=OuterRef("pk"), adviser__user=user)
    return [
        When(Exists(own), then=Value(ReaderCapacity.ADVISER)),
        When(Exists(covers), then=Value(ReaderCapacity.COVER)),
        When(Exists(rights), then=Value(ReaderCapacity.FORMER)),
    ]
