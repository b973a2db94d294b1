"""Who is away on which days, and who answers meanwhile. Days are those of the adviser's agency, both ends included."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Concat

from accompaniment.models import Jobseeker, User
from accompaniment.rules.french import day_in_words, listed, plural
from caseload.models import Absence, Adviser, Cover, Placement, Portfolio
from caseload.rules.portfolio import days_left_open


@dataclass(frozen=True, slots=True)
class Away:
    """The adviser's absence that runs now: until when, and who answers; nobody where nobody could be found."""

    adviser: Adviser
    today: date
    ends_on: date
    colleagues: tuple[Adviser, ...]

    @property
    def sentence(self) -> str:
        """Say to the person who is not there until when, and who answers."""
        until = day_in_words(self.ends_on, today=self.today)
        names = [colleague.user.full_name for colleague in self.colleagues]
        answers = "votre agence vous répond"
        if names:
            answers = f"{listed(names)} vous {plural(len(names), 'répond,répondent')}"
        return f"{self.adviser} n'est pas là jusqu'au {until} inclus\u00a0; {answers}."


def days_away(adviser: Adviser, person: Jobseeker | None = None) -> list[tuple[date, date]]:
    """Return the stretches of days on which an adviser receives nobody, or not this person whom a colleague covers."""
    away = list(Absence.objects.standing().filter(adviser=adviser).values_list("starts_on", "ends_on"))
    if person is None:
        return away
    covered = Cover.objects.filter(
        portfolio__placements__jobseeker=person,
        portfolio__placements__ended_at=None,
        portfolio__adviser=adviser,
        absence=None,
        cancelled_at=None,
    )
    return [*away, *covered.values_list("starts_on", "ends_on")]


def away_now(person: Jobseeker, *, now: datetime) -> Away | None:
    """Return who is away of the person's adviser, or None where the adviser is there; two queries at most."""
    placement = (
        Placement.objects.open()
        .filter(jobseeker=person)
        .select_related("portfolio__adviser__user", "portfolio__adviser__agency__departement__region")
        .first()
    )
    if placement is None:
        return None
    adviser = placement.portfolio.adviser
    day = now.astimezone(adviser.agency.zone).date()
    covers = list(
        Cover.objects.running_on(day)
        .filter(portfolio=placement.portfolio)
        .select_related("colleague__user", "absence")
        .order_by("pk")
    )
    present = [cover for cover in covers if cover.colleague.user.is_active]
    if present:
        ends_on = max(cover.absence.ends_on if cover.absence else cover.ends_on for cover in present)
        return Away(adviser, day, ends_on, tuple(cover.colleague for cover in present))
    absence = Absence.objects.running_on(day).filter(adviser=adviser).first()
    return Away(adviser, day, absence.ends_on, ()) if absence else None


def relay_of(user: User, *, now: datetime, person: str = "jobseeker") -> Subquery:
    """Return the expression that names the adviser for whom `user` answers; null for one's own people.

    `person` is the path to the jobseeker on the queryset that it annotates, which holds visible people only: whom one
    sees by a cover, one covers now, so the day more on both sides spares looking for the zone.
    """
    today = now.date()
    covers = Cover.objects.filter(
        colleague__user=user,
        cancelled_at=None,
        starts_on__lte=today + timedelta(days=1),
        ends_on__gte=today - timedelta(days=1),
        portfolio__placements__jobseeker=OuterRef(person),
        portfolio__placements__ended_at=None,
    )
    named = covers.annotate(
        name=Concat("portfolio__adviser__user__first_name", Value(" "), "portfolio__adviser__user__last_name")
    )
    return Subquery(named.order_by("pk").values("name")[:1], output_field=TextField())


@dataclass(frozen=True, slots=True)
class Unrelayed:
    """Days of an absence, both included, on which nobody answers for the people of a portfolio."""

    absence: Absence
    portfolio: Portfolio
    starts_on: date
    ends_on: date


def without_relay(absences: Iterable[Absence], *, today: date) -> list[Unrelayed]:
    """Return where and when nobody answers from today on during these absences, the first days first; two queries."""
    left = [absence for absence in absences if absence.cancelled_at is None and absence.ends_on >= today]
    portfolios: dict[int, list[Portfolio]] = {}
    for portfolio in (
        Portfolio.objects.filter(adviser__in=[absence.adviser_id for absence in left], occupied__gt=0)
        .select_related("adviser__user", "adviser__agency__departement")
        .order_by("pk")
    ):
        portfolios.setdefault(portfolio.adviser_id, []).append(portfolio)
    covered: dict[int, list[tuple[date, date]]] = {}
    for pk, starts_on, ends_on in Cover.objects.filter(
        portfolio__adviser__in=list(portfolios),
        colleague__user__is_active=True,
        cancelled_at=None,
        ends_on__gte=today,
    ).values_list("portfolio", "starts_on", "ends_on"):
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
    """Return the adviser in whose portfolio the person is now, with account and agency loaded."""
    adviser: Adviser | None = (
        Adviser.objects.filter(portfolios__placements__jobseeker=jobseeker, portfolios__placements__ended_at=None)
        .select_related("user", "agency__departement__region")
        .first()
    )
    return adviser
