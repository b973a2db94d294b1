"""The world of the demonstration: agencies, staff, portfolios, and what the other modules share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from random import Random

from accompaniment.enums import Channel, Role
from accompaniment.models import Agency, ConsentText, User
from accompaniment.services.reference import CONSENT_TITLE, give_default_hours, supplied_consent_text
from caseload.models import Absence, Adviser, Cover, Manager, Portfolio
from caseload.services.steering.capacities import capacity_for
from caseload.services.steering.reference import load_reference
from config.demonstration.calendars import Calendar, SlotBook
from config.demonstration.logins import LOGINS, MANAGER
from config.demonstration.names import NameBook
from config.demonstration.papers import Papers
from config.demonstration.territory import AGENCIES, AgencyPlan
from visio.models import DayHours, WorkingHours

PUBLISHED_BEFORE = timedelta(days=420)
"""The text to accept was published before the first person of the demonstration accepted it."""

WORKING_STRETCHES = ((time(9), time(12)), (time(13), time(17)))


@dataclass
class World:
    """Everything that exists before the first jobseeker, and what collects what they leave behind."""

    now: datetime
    rng: Random
    names: NameBook
    papers: Papers = field(default_factory=Papers)
    plans: dict[str, AgencyPlan] = field(default_factory=dict)
    agencies: list[Agency] = field(default_factory=list)
    calendars: dict[int, Calendar] = field(default_factory=dict)
    portfolios: dict[int, list[tuple[Portfolio, int]]] = field(default_factory=dict)
    books: dict[int, SlotBook] = field(default_factory=dict)
    covered: set[int] = field(default_factory=set)
    """Portfolios whose adviser is absent."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def calendar(self, agency: Agency) -> Calendar:
        return self.calendars[agency.pk]


def build_world(now: datetime) -> World:
    """Make territory, agencies, staff and portfolios. The same day always gives the same result."""
    rng = Random(f"demonstration {now:%Y-%m-%d}")  # noqa: S311  (invented data, no secret)
    names = NameBook(rng)
    _publish_consent_text(now)
    load_reference()
    world = World(now=now, rng=rng, names=names)
    for plan in AGENCIES:
        agency = Agency(
            code=plan.code,
            name=plan.name,
            departement_id=plan.departement,
            address=plan.address,
            postal_code=plan.postal_code,
            commune=plan.commune,
        )
        agency.save()
        world.agencies.append(agency)
        world.plans[agency.code] = plan
    give_default_hours(world.agencies)
    world.agencies = list(
        Agency.objects.filter(code__in=world.plans).select_related("departement__region").order_by("pk")
    )
    for agency in world.agencies:
        world.calendars[agency.pk] = Calendar(agency)
        _hire(world, agency)
    _appoint_manager()
    return world


def _publish_consent_text(now: datetime) -> None:
    if not ConsentText.objects.exists():
        ConsentText.objects.create(
            version=1,
            title=CONSENT_TITLE,
            body=supplied_consent_text(),
            published_at=now - PUBLISHED_BEFORE,
        )


def _hire(world: World, agency: Agency) -> None:
    known = {login.email: login for login in LOGINS}
    advisers: list[Adviser] = []
    world.portfolios[agency.pk] = []
    for member in world.plans[agency.code].staff:
        if member.login:
            login = known[member.login]
            user = User.objects.create_user(
                login.email, login.password, first_name=login.first_name, last_name=login.last_name, role=Role.ADVISER
            )
        else:
            _, first_name, last_name = world.names.draw()
            user = User.objects.create_user(
                world.names.address(first_name, last_name),
                first_name=first_name,
                last_name=last_name,
                role=Role.ADVISER,
            )
        adviser = Adviser.objects.create(user=user, agency=agency, working_share=member.working_share)
        advisers.append(adviser)
        world.books[adviser.pk] = SlotBook(world.calendar(agency), world.rng)
        for modality, size in member.portfolios:
            capacity = capacity_for(
                agency=agency,
                modality=modality,
                day=world.calendar(agency).day(world.now),
                working_share=member.working_share,
            )
            portfolio = Portfolio.objects.create(adviser=adviser, agency=agency, modality=modality, capacity=capacity)
            world.portfolios[agency.pk].append((portfolio, size))
    WorkingHours.objects.bulk_create(
        WorkingHours(adviser=adviser, weekday=weekday, starts_at=starts_at, ends_at=ends_at)
        for adviser in advisers
        for weekday in range(5)
        for starts_at, ends_at in WORKING_STRETCHES
    )
    _one_short_day(world, agency, advisers)
    _cover_an_absence(world, agency, advisers)


def _one_short_day(world: World, agency: Agency, advisers: list[Adviser]) -> None:
    """In three weeks the first adviser works one morning only, on the telephone."""
    today = world.calendar(agency).day(world.now)
    day = today + timedelta(days=21 + (2 - today.weekday()) % 7)
    starts_at, ends_at = WORKING_STRETCHES[0]
    DayHours.objects.create(
        adviser=advisers[0], day=day, starts_at=starts_at, ends_at=ends_at, channels=[Channel.PHONE.value]
    )


def _cover_an_absence(world: World, agency: Agency, advisers: list[Adviser]) -> None:
    """In an agency of three, the first adviser covers the absence of the last."""
    if len(advisers) < 3:
        return
    today = world.calendar(agency).day(world.now)
    absence = Absence.objects.create(
        adviser=advisers[-1],
        starts_on=today - timedelta(days=2),
        ends_on=today + timedelta(days=5),
        set_by=advisers[-1].user,
        set_at=world.now - timedelta(days=4),
    )
    for portfolio, _ in world.portfolios[agency.pk]:
        if portfolio.adviser == advisers[-1]:
            world.covered.add(portfolio.pk)
            Cover.objects.create(
                portfolio=portfolio,
                absence=absence,
                colleague=advisers[0],
                starts_on=absence.starts_on,
                ends_on=absence.ends_on,
                set_by=absence.set_by,
            )


def _appoint_manager() -> None:
    user = User.objects.create_user(
        MANAGER.email,
        MANAGER.password,
        first_name=MANAGER.first_name,
        last_name=MANAGER.last_name,
        role=Role.MANAGER,
    )
    Manager.objects.create(user=user, whole_country=True)
