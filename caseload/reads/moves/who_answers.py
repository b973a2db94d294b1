"""Who is away on which days, and who answers meanwhile.

Days are those of the adviser's agency, both ends included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import OuterRef, Subquery, TextField, Value, prefetch_related_objects
from django.db.models.functions import Concat

from accompaniment.models import Jobseeker, User
from accompaniment.rules.french import day_in_words, listed, plural
from caseload.models import Absence, Adviser, Cover, Placement, Portfolio
from caseload.rules.portfolio import days_left_open


@dataclass(frozen=True, slots=True)
class Away:
    """The adviser's present absence: its last day, and the covering colleagues, of whom there may be none."""

    adviser: Adviser
    today: date
    ends_on: date
    colleagues: tuple[Adviser, ...]

    @property
    def sentence(self) -> str:
        """The sentence for the person: who is away until when, and who answers."""
        until = day_in_words(self.ends_on, today=self.today)
        names = [colleague.user.full_name for colleague in self.colleagues]
        answers = "votre agence vous répond"
        if names:
            answers = f"{listed(names)} vous {plural(len(names), 'répond,répondent')}"
        return f"{self.adviser} n'est pas là jusqu'au {until} inclus\u00a0; {answers}."


def days_away(adviser: Adviser) -> list[tuple[date, date]]:
    """Return the first and last day of each absence of an adviser."""
    return list(Absence.objects.standing().filter(adviser=adviser).values_list("starts_on", "ends_on"))


def placement_of(person: Jobseeker) -> Placement | None:
    """Return the person's open placement with its adviser, their account and agency, or None."""
    placement: Placement | None = (
        Placement.objects.open()
        .filter(jobseeker=person)
        .select_related("portfolio__adviser__user", "portfolio__adviser__agency__departement__region")
        .first()
    )
    return placement


def away_now(person: Jobseeker, *, now: datetime) -> Away | None:
    """Return the present absence of the person's adviser, or None. At most three queries."""
    placement = placement_of(person)
    if placement is None:
        return None
    adviser = placement.portfolio.adviser
    day = now.astimezone(adviser.agency.zone).date()
    covers = list(
        Cover.objects.running_at(now)
        .answering()
        .filter(portfolio=placement.portfolio)
        .select_related("colleague__user", "absence")
        .order_by("pk")
    )
    if covers:
        ends_on = max(cover.absence.ends_on for cover in covers)
        return Away(adviser, day, ends_on, tuple(cover.colleague for cover in covers))
    absence = Absence.objects.running_on(day).filter(adviser=adviser).first()
    return Away(adviser, day, absence.ends_on, ()) if absence else None


@dataclass(frozen=True, slots=True)
class Following:
    """Who follows a person, and the adviser's absences: what the parts of a page about both have in common."""

    placement: Placement | None
    absences: list[Absence]
    """With the covers of the placement's portfolio (`with_relays`)."""

    @property
    def adviser(self) -> Adviser | None:
        adviser: Adviser | None = self.placement.portfolio.adviser if self.placement else None
        return adviser

    @property
    def days_away(self) -> list[tuple[date, date]]:
        return [(absence.starts_on, absence.ends_on) for absence in self.absences]

    def away(self, now: datetime) -> Away | None:
        """Return the present absence, or None, as `away_now` does, of what was read."""
        if self.adviser is None:
            return None
        day = now.astimezone(self.adviser.agency.zone).date()
        covers = sorted((cover for absence in self.absences if (cover := _relay(absence))), key=lambda cover: cover.pk)
        running = [cover for cover in covers if cover.answers_at(now)]
        if running:
            ends_on = max(absence.ends_on for absence in self.absences if _relay(absence) in running)
            return Away(self.adviser, day, ends_on, tuple(cover.colleague for cover in running))
        absence = next((one for one in self.absences if one.starts_on <= day <= one.ends_on), None)
        return Away(self.adviser, day, absence.ends_on, ()) if absence else None


def _relay(absence: Absence) -> Cover | None:
    """Return the cover that was read with an absence. Django sets nothing where its join finds no row."""
    return getattr(absence, "relay", None)


def following_of(person: Jobseeker) -> Following:
    """Return who follows a person, and load the opening hours of the adviser's agency and the person's. Three queries.

    Load `agency` with the person.
    """
    placement = placement_of(person)
    if placement is None:
        prefetch_related_objects([person.agency], "opening_hours")
        return Following(None, [])
    adviser = placement.portfolio.adviser
    prefetch_related_objects([person.agency, adviser.agency], "opening_hours")
    absences = Absence.objects.standing().filter(adviser=adviser).with_relays(placement.portfolio_id)
    return Following(placement, list(absences))


def relay_of(user: User, *, now: datetime, person: str = "jobseeker") -> Subquery:
    """Return an expression with the name of the absent adviser for whom `user` answers; null for the user's own people.

    `person` is the path to the jobseeker on the annotated queryset.
    """
    covers = Cover.objects.running_at(now).of_person(OuterRef(person)).filter(colleague__user=user)
    named = covers.annotate(
        name=Concat("portfolio__adviser__user__first_name", Value(" "), "portfolio__adviser__user__last_name")
    )
    return Subquery(named.order_by("pk").values("name")[:1], output_field=TextField())


@dataclass(frozen=True, slots=True)
class Unrelayed:
    """Days of an absence, both included, on which nobody answers for a portfolio."""

    absence: Absence
    portfolio: Portfolio
    starts_on: date
    ends_on: date


def without_relay(absences: Iterable[Absence], *, today: date) -> list[Unrelayed]:
    """Return the days from today on that these absences leave without anybody to answer, in two queries."""
    left = [absence for absence in absences if absence.cancelled_at is None and absence.ends_on >= today]
    portfolios: dict[int, list[Portfolio]] = {}
    for portfolio in (
        Portfolio.objects.filter(adviser__in=[absence.adviser_id for absence in left], occupied__gt=0)
        .select_related("adviser__user", "adviser__agency__departement")
        .order_by("pk")
    ):
        portfolios.setdefault(portfolio.adviser_id, []).append(portfolio)
    covered: dict[int, list[tuple[date, date]]] = {}
    for pk, starts_on, ends_on in (
        Cover.objects.standing()
        .answering()
        .filter(portfolio__adviser__in=list(portfolios), ends_on__gte=today)
        .values_list("portfolio", "starts_on", "ends_on")
    ):
        covered.setdefault(pk, []).append((starts_on, ends_on))
    found = [
        Unrelayed(absence, portfolio, starts_on, ends_on)
        for absence in left
        for portfolio in portfolios.get(absence.adviser_id, ())
        for starts_on, ends_on in days_left_open(
            max(absence.starts_on, today), absence.ends_on, covered.get(portfolio.pk, ())
        )
    ]
    return sorted(found, key=lambda hole: (hole.starts_on, hole.absence.pk, hole.portfolio.pk))


def follower_of(jobseeker: Jobseeker) -> Adviser | None:
    """Return the person's present adviser, or None, with account and agency loaded."""
    adviser: Adviser | None = (
        Adviser.objects.filter(portfolios__placements__jobseeker=jobseeker, portfolios__placements__ended_at=None)
        .select_related("user", "agency__departement__region")
        .first()
    )
    return adviser
