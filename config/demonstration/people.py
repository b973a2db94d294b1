"""The people of the demonstration, and how each of them came to their present state."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, auto

from accompaniment.enums import AuditAction, Bandwidth, Modality, NotificationKind, Role, Tier
from accompaniment.models import Agency, ContactPlan, Enrolment, Jobseeker, User
from accompaniment.services.accounts import ASK_AGAIN_AFTER
from caseload.models import Adviser, Portfolio
from config.demonstration.logins import ADVISER, JOBSEEKER
from config.demonstration.texts import COMMUNES, ROME_CODES
from config.demonstration.world import World

DAY = timedelta(days=1)
FIRST_ACCESS_BEFORE = timedelta(hours=1)
"""How long before a withdrawal the person opened the space."""


class Fate(Enum):
    """A person's present position."""

    ACTIVE = auto()
    VALIDATED = auto()
    WAITING = auto()
    WITHDRAWN = auto()
    REFUSED = auto()
    REFUSED_TIER = auto()
    LEFT = auto()
    LEFT_TIER = auto()
    CLASSIC = auto()


VOLUNTEERED = frozenset(Fate) - {Fate.CLASSIC}
INTERVIEWED = VOLUNTEERED - {Fate.WAITING, Fate.WITHDRAWN}
VALIDATED_ONCE = frozenset({Fate.ACTIVE, Fate.VALIDATED, Fate.LEFT, Fate.LEFT_TIER})
ACCEPTED = VALIDATED_ONCE - {Fate.VALIDATED}
LEFT_TRACK = frozenset({Fate.LEFT, Fate.LEFT_TIER})

TIERS = {
    Modality.GUIDE: Tier.GUIDE,
    Modality.GUIDE_WEB: Tier.GUIDE,
    Modality.SUIVI: Tier.SUIVI,
    Modality.RENFORCE: Tier.RENFORCE,
}


@dataclass
class Story:
    """One person's history with the service. Instants that did not happen are None."""

    person: Jobseeker
    fate: Fate
    agency: Agency
    registered_at: datetime
    tier: Tier = Tier.GUIDE
    staff: User | None = None
    web: Portfolio | None = None
    portfolio: Portfolio | None = None
    covered: bool = False
    """Whether the adviser is absent and a colleague answers."""
    asked_at: datetime | None = None
    interviewed_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    enrolment: Enrolment | None = None
    plan: ContactPlan | None = None
    web_plan: ContactPlan | None = None
    """The plan of a web track that has ended."""

    @property
    def adviser(self) -> Adviser:
        """The adviser who follows the person on the web track."""
        if self.web is None:
            raise ValueError("nobody follows this person at a distance")
        return self.web.adviser

    @property
    def came_by_first_access(self) -> bool:
        """Whether the person opened the space uninvited, to withdraw or to ask for something."""
        return self.fate is Fate.WITHDRAWN or (self.covered and self.fate not in VALIDATED_ONCE)

    @property
    def is_login(self) -> bool:
        return self.person.email == JOBSEEKER.email


def cast(world: World) -> list[Story]:
    """Invent everybody, without writing anything."""
    stories: list[Story] = []
    for agency in world.agencies:
        slots = world.portfolios[agency.pk]
        webs = [(portfolio, size) for portfolio, size in slots if portfolio.modality == Modality.GUIDE_WEB]
        guides = [(portfolio, size) for portfolio, size in slots if portfolio.modality == Modality.GUIDE]
        for portfolio, size in webs:
            waiting = max(2, size // 25)
            stories.extend(_on_web(world, portfolio, Fate.VALIDATED, waiting))
            stories.extend(_on_web(world, portfolio, Fate.ACTIVE, size - waiting))
        decider = slots[0][0].adviser.user
        for portfolio, size in slots:
            if portfolio.modality == Modality.GUIDE_WEB:
                continue
            left = refused = 0
            if webs and portfolio == guides[0][0]:
                left, refused = min(4, size // 3), min(4, size // 3)
            classic = TIERS[Modality(portfolio.modality)]
            stories.extend(
                _story(world, agency, Fate.LEFT, web=world.rng.choice(webs)[0], portfolio=portfolio)
                for _ in range(left)
            )
            stories.extend(
                _story(world, agency, Fate.REFUSED, portfolio=portfolio, staff=decider) for _ in range(refused)
            )
            stories.extend(
                _story(world, agency, Fate.CLASSIC, portfolio=portfolio, tier=classic)
                for _ in range(size - left - refused)
            )
        if webs:
            stories.append(_story(world, agency, Fate.REFUSED_TIER, staff=decider, tier=Tier.RENFORCE))
            stories.append(_story(world, agency, Fate.LEFT_TIER, web=webs[0][0], tier=Tier.SUIVI))
            stories.append(_story(world, agency, Fate.WITHDRAWN))
        stories.extend(_story(world, agency, Fate.WAITING) for _ in range(world.plans[agency.code].volunteers))
    _add_the_login(stories, world.now)
    return stories


def _on_web(world: World, portfolio: Portfolio, fate: Fate, number: int) -> list[Story]:
    return [_story(world, portfolio.agency, fate, web=portfolio, portfolio=portfolio) for _ in range(number)]


def _add_the_login(stories: list[Story], now: datetime) -> None:
    """Give the demonstration's log-in to a person who has been on the track for more than two months."""
    mine = [story for story in stories if story.fate is Fate.ACTIVE and story.adviser.user.email == ADVISER.email]
    good_while_ago = now - DAY * 75
    chosen = min(mine, key=lambda story: abs(story.registered_at - good_while_ago))
    person = chosen.person
    person.civility, person.first_name, person.last_name = "M.", JOBSEEKER.first_name, JOBSEEKER.last_name
    person.email = JOBSEEKER.email
    person.phone = "+33639980000"


def _story(
    world: World,
    agency: Agency,
    fate: Fate,
    *,
    web: Portfolio | None = None,
    portfolio: Portfolio | None = None,
    staff: User | None = None,
    tier: Tier = Tier.GUIDE,
) -> Story:
    rng, now = world.rng, world.now
    calendar = world.calendar(agency)
    oldest, youngest = {
        Fate.ACTIVE: (290, 22),
        Fate.VALIDATED: (30, 16),
        Fate.WAITING: (21, 1),
        Fate.WITHDRAWN: (60, 10),
        Fate.REFUSED: (150, 16),
        Fate.REFUSED_TIER: (90, 16),
    }.get(fate, (260, 40))
    # The web track is young: more people have joined recently than at its beginning.
    age = youngest + (oldest - youngest) * rng.random() ** 1.4
    registered_on = calendar.day(now - DAY * age)
    story = Story(
        person=_person(world, agency, registered_on, volunteers=fate in VOLUNTEERED),
        fate=fate,
        agency=agency,
        registered_at=calendar.at(registered_on, time(0)),
        tier=tier,
        staff=web.adviser.user if web else staff,
        web=web,
        portfolio=portfolio,
        covered=portfolio is not None and portfolio.pk in world.covered,
    )
    if fate in VOLUNTEERED:
        story.asked_at = story.registered_at
    if fate in INTERVIEWED:
        story.interviewed_at = calendar.moment(rng, story.registered_at + DAY, story.registered_at + 14 * DAY)
    if fate in ACCEPTED and story.interviewed_at:
        story.accepted_at = story.interviewed_at + DAY * rng.uniform(0.05, 6)
    if fate in LEFT_TRACK and story.accepted_at:
        story.closed_at = calendar.moment(rng, story.accepted_at + DAY, now - DAY)
    elif fate in {Fate.REFUSED, Fate.REFUSED_TIER}:
        story.closed_at = story.interviewed_at
    elif fate is Fate.WITHDRAWN:
        story.closed_at = story.registered_at + DAY * rng.uniform(1, 8)
    return story


def _person(world: World, agency: Agency, registered_on: date, *, volunteers: bool) -> Jobseeker:
    rng = world.rng
    civility, first_name, last_name = world.names.draw()
    postal_code, commune = rng.choice(COMMUNES[agency.departement_id])
    number = next(world.numbers)
    age_days = rng.randrange(19 * 365, 60 * 365)
    return Jobseeker(
        identifier=f"{8_000_000 + number * 613 % 1_000_000:07d}{'ABCDEFGHJKLMNPRSTUVWXYZ'[number % 23]}",
        civility=civility,
        first_name=first_name,
        last_name=last_name,
        birth_date=(world.now - DAY * age_days).date(),
        email=world.names.address(first_name, last_name),
        phone=f"+3346571{number:04d}",
        postal_code=postal_code,
        commune=commune,
        rome=rng.choice(ROME_CODES),
        agency=agency,
        registered_on=registered_on,
        volunteers=volunteers,
        has_webcam=volunteers or rng.random() < 0.5,
        bandwidth=Bandwidth.GOOD if volunteers or rng.random() < 0.6 else Bandwidth.POOR,
    )


def write_people(world: World, stories: list[Story]) -> None:
    """Write accounts and people."""
    with_account = [story for story in stories if story.fate in VALIDATED_ONCE or story.came_by_first_access]
    accounts = []
    for story in with_account:
        person = story.person
        account = User(
            email=person.email or "", first_name=person.first_name, last_name=person.last_name, role=Role.JOBSEEKER
        )
        if story.is_login:
            account.set_password(JOBSEEKER.password)
        else:
            account.set_unusable_password()
        accounts.append(account)
    for story, account in zip(with_account, User.objects.bulk_create(accounts, batch_size=1000), strict=True):
        story.person.user = account
    Jobseeker.objects.bulk_create([story.person for story in stories], batch_size=1000)
    for story in with_account:
        _leave_papers(world, story)


def _leave_papers(world: World, story: Story) -> None:
    """Record in the audit who created the account: the validating adviser, or the person's own first access."""
    person, user = story.person, story.person.user
    if user is None:
        return
    if not story.came_by_first_access:
        at = story.interviewed_at or story.registered_at
        world.papers.note(at, story.staff, person, AuditAction.ACCOUNT, event="created", user=user.pk)
        return
    at = (story.closed_at or story.registered_at + DAY) - FIRST_ACCESS_BEFORE
    world.papers.note(at, None, person, AuditAction.ACCOUNT, event="created", user=user.pk)
    world.papers.note(at, None, person, AuditAction.ACCOUNT, event="first_access_asked")
    world.papers.tell(
        at=at,
        person=person,
        kind=NotificationKind.ACCOUNT_ACTIVATION,
        key=f"activation:{user.pk}:{int(at.timestamp() // ASK_AGAIN_AFTER.total_seconds())}",
    )
