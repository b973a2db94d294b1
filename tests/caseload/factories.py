"""Makes advisers, managers, portfolios and their people, through the real services."""

from datetime import date, timedelta
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Bandwidth, Channel, Modality, Tier
from accompaniment.models import Enrolment, Jobseeker, Region, User
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.interview import InterviewFindings, open_registration_interview
from caseload.models import (
    Absence,
    Adviser,
    Capacity,
    Cover,
    Manager,
    Placement,
    Portfolio,
    ReadingRight,
    TransferBatch,
)
from caseload.services.moves.absences import declare_absence
from caseload.services.moves.placements import place
from caseload.services.moves.transfers import transfer_people
from caseload.services.registration.decisions import validate_at_interview
from tests.accompaniment.factories import (
    AdviserUserFactory,
    AgencyFactory,
    EnrolmentFactory,
    JobseekerFactory,
    ManagerUserFactory,
    consent_text_in_force,
    plan_defaults,
)
from tests.caseload.followed import SITUATION, is_ordinary, write_followed

CAPACITIES = {Modality.GUIDE_WEB: 250, Modality.GUIDE: 150, Modality.RENFORCE: 70, Modality.SUIVI: 350}


class AdviserFactory(factory.django.DjangoModelFactory):
    """An adviser without a portfolio."""

    class Meta:
        model = Adviser

    user = factory.SubFactory(AdviserUserFactory)
    agency = factory.SubFactory(AgencyFactory)


class PortfolioFactory(factory.django.DjangoModelFactory):
    """A « guidé 100 % web » portfolio with its adviser; `modality=`, `agency=`, `adviser=`, `capacity=` change it."""

    class Meta:
        model = Portfolio

    adviser = factory.SubFactory(AdviserFactory)
    agency = factory.SelfAttribute("adviser.agency")
    modality = Modality.GUIDE_WEB
    capacity = factory.LazyAttribute(lambda portfolio: CAPACITIES[Modality(portfolio.modality)])

    @classmethod
    def _generate(cls, strategy: Any, params: dict[str, Any]) -> Any:
        if "agency" in params and "adviser" not in params:
            params["adviser__agency"] = params["agency"]
        return super()._generate(strategy, params)


class ManagerFactory(factory.django.DjangoModelFactory):
    """A manager of the whole country; `regions=[…]` for a manager of these regions only."""

    class Meta:
        model = Manager

    user = factory.SubFactory(ManagerUserFactory)
    whole_country = True

    @classmethod
    def _create(cls, model_class: type[Manager], *args: Any, **kwargs: Any) -> Manager:
        regions: list[Region] | None = kwargs.pop("regions", None)
        if regions is not None:
            kwargs["whole_country"] = False
        manager = model_class.objects.create(**kwargs)
        manager.regions.set(regions or [])
        return manager


class CapacityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Capacity

    modality = Modality.GUIDE_WEB
    value = 250
    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=365))


class CoverFactory(factory.django.DjangoModelFactory):
    """A colleague of the same agency covers a portfolio from yesterday to tomorrow."""

    class Meta:
        model = Cover

    portfolio = factory.SubFactory(PortfolioFactory)
    colleague = factory.SubFactory(AdviserFactory, agency=factory.SelfAttribute("..portfolio.agency"))
    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=1))
    ends_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=1))
    absence = factory.LazyAttribute(lambda cover: _absence_of(cover.portfolio.adviser, cover.starts_on, cover.ends_on))


def _absence_of(adviser: Adviser, starts_on: date, ends_on: date) -> Absence:
    """Return the adviser's absence on these days, written now if there is none."""
    standing = Absence.objects.standing().filter(adviser=adviser, starts_on__lte=starts_on, ends_on__gte=ends_on)
    found: Absence | None = standing.first()
    return found or Absence.objects.create(
        adviser=adviser, starts_on=starts_on, ends_on=ends_on, set_by=adviser.user, set_at=timezone.now()
    )


def findings(**facts: Any) -> InterviewFindings:
    """Return the findings about a person who can be followed on the web track; `facts` replaces some."""
    return InterviewFindings(
        **{
            "identity_checked": True,
            "situation": SITUATION,
            "tier": Tier.GUIDE,
            "has_webcam": True,
            "bandwidth": Bandwidth.GOOD,
            "at_ease": True,
            "preferred_channel": Channel.VIDEO,
            "notes": "",
            **facts,
        }
    )


def volunteer(portfolio: Portfolio, **person: Any) -> Enrolment:
    """Return a pending enrolment of a person of the portfolio's agency."""
    return EnrolmentFactory(jobseeker=JobseekerFactory(agency=portfolio.agency, **person))


def validated(portfolio: Portfolio, *, enrolment: Enrolment | None = None, **person: Any) -> Enrolment:
    """Return an enrolment that the portfolio's adviser has validated: placed and invited, not yet accepted."""
    plan_defaults()
    waiting = enrolment or volunteer(portfolio, **person)
    actor = portfolio.adviser.user
    interview = open_registration_interview(actor=actor, jobseeker=waiting.jobseeker)
    validate_at_interview(actor=actor, enrolment=waiting, interview=interview, findings=findings(), portfolio=portfolio)
    return Enrolment.objects.select_related("jobseeker__user", "jobseeker__agency").get(pk=waiting.pk)


def on_web_track(portfolio: Portfolio | None = None, **person: Any) -> Jobseeker:
    """Return a person on the web track in the portfolio: asked, validated, placed and accepted, with an account.

    An ordinary person is written as rows; any other is made by the services.
    """
    portfolio = portfolio or PortfolioFactory()
    if is_ordinary(portfolio, person):
        plan_defaults()
        return write_followed(portfolio, consent_text_in_force(), **{"with_account": True, **person})
    return made_by_the_services(portfolio, **person)


def made_by_the_services(portfolio: Portfolio, **person: Any) -> Jobseeker:
    text = consent_text_in_force()
    if not {"user", "with_account"} & person.keys():
        person["with_account"] = True
    enrolment = validated(portfolio, **person)
    jobseeker = enrolment.jobseeker
    accept_terms(actor=jobseeker.user, jobseeker=jobseeker, text=text)
    return jobseeker


def placed(portfolio: Portfolio, **person: Any) -> Jobseeker:
    """Return a person of the classic track in a classic portfolio, with an account."""
    jobseeker = JobseekerFactory(agency=portfolio.agency, with_account=True, **person)
    with transaction.atomic():
        place(actor=portfolio.adviser.user, jobseeker=jobseeker, portfolio=portfolio)
    return jobseeker


def follower(person: Jobseeker) -> User:
    """Return the account of the person's adviser. A person without one is first placed in a new portfolio."""
    placement = Placement.objects.open().filter(jobseeker=person).select_related("portfolio__adviser__user").first()
    if placement is None:
        portfolio = PortfolioFactory(agency=person.agency)
        with transaction.atomic():
            placement = place(actor=None, jobseeker=person, portfolio=portfolio)
    user: User = placement.portfolio.adviser.user
    return user


def registrar(person: Jobseeker) -> User:
    """Return the account of an adviser of the person's agency, who conducts registration interviews."""
    user: User = PortfolioFactory(agency=person.agency).adviser.user
    return user


def former_adviser(person: Jobseeker) -> User:
    """Return the account of a former adviser, who may only read the file."""
    adviser, now = AdviserFactory(), timezone.now()
    ReadingRight.objects.create(
        adviser=adviser,
        jobseeker=person,
        starts_at=now,
        ends_at=now + timedelta(days=30),
        granted_by=ManagerFactory().user,
    )
    user: User = adviser.user
    return user


def planned_transfer(person: Jobseeker, *, to: Portfolio, decided_by: User, in_days: int = 7) -> TransferBatch:
    """Return the decision to move a person to another portfolio in some days."""
    return transfer_people(
        actor=decided_by,
        people=Placement.objects.open().filter(jobseeker=person),
        targets=[to],
        reason="Congé parental",
        due_on=timezone.localdate() + timedelta(days=in_days),
    )


def planned_absence(portfolio: Portfolio, *, colleague: Adviser, in_days: int = 30, lasts: int = 5) -> Absence:
    """Return an absence of the portfolio's adviser that begins in some days, with a covering colleague."""
    first = timezone.now().astimezone(portfolio.adviser.agency.zone).date() + timedelta(days=in_days)
    absence, _ = declare_absence(
        actor=portfolio.adviser.user,
        adviser=portfolio.adviser,
        starts_on=first,
        ends_on=first + timedelta(days=lasts - 1),
        colleagues={portfolio.pk: [colleague.pk]},
        decisions={},
    )
    return absence


def fill(portfolio: Portfolio, places: int) -> None:
    """Validate `places` people into the portfolio. To reach a cap quickly, give the portfolio a small `capacity`."""
    for _ in range(places):
        validated(portfolio)
    portfolio.refresh_from_db(fields=["occupied"])


def standing(*people: Jobseeker) -> list[Placement]:
    """Return the open placements of these people."""
    return list(Placement.objects.open().filter(jobseeker__in=people))
