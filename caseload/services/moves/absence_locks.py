"""Locks of whom an absence concerns: the people, the portfolios, then the advisers, each in primary-key order.

The absences themselves come last. The adviser's own row is the one that whoever makes the adviser a cover, or books an
interview, has to hold as well; so what the adviser covers is read again under it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accompaniment.models import Jobseeker
from accompaniment.rules.errors import NotAllowedNowError
from caseload.hooks.adviser_absences import PlannedAbsence, questions_about
from caseload.models import Absence, Adviser, Cover, Placement, Portfolio
from caseload.services.moves.covers import relays_between

CHANGED = "Cette absence ou un relais vient de changer. Rien n'est enregistré\u00a0: relisez, puis envoyez de nouveau."


@dataclass(frozen=True, kw_only=True)
class Days:
    """Who and what days of an absence concern; by primary key where a mapping."""

    portfolios: list[Portfolio]
    advisers: dict[int, Adviser]
    absences: dict[int, Absence]
    held: list[Cover]
    """What the adviser covers on these days."""


def lock_days(
    adviser: Adviser, starts_on: date, ends_on: date, *, chosen: set[int], absences: Collection[int] = ()
) -> Days:
    """Lock whom days of an absence concern: those who are booked, those whom the adviser covers, and all advisers."""
    seen = questions_about(PlannedAbsence(adviser=adviser, starts_on=starts_on, ends_on=ends_on, colleagues={}))
    held = relays_between(adviser, starts_on=starts_on, ends_on=ends_on)
    covered = {cover.portfolio_id for cover in held}
    followed = Placement.objects.open().filter(portfolio__in=covered).values_list("jobseeker", flat=True)
    lock_people({question.person.pk for question in seen} | set(followed))
    absent = {cover.portfolio.adviser_id for cover in held}
    portfolios = locked_portfolios(Q(adviser=adviser) | Q(pk__in=covered))
    advisers = locked_advisers({adviser.pk, *absent, *chosen})
    rows = Absence.objects.select_for_update(of=("self",)).filter(
        pk__in={*absences, *(cover.absence_id for cover in held if cover.absence_id)}
    )
    locked = {absence.pk: absence for absence in rows.order_by("pk")}
    now_held = relays_between(adviser, starts_on=starts_on, ends_on=ends_on)
    if [_days_of(cover) for cover in now_held] != [_days_of(cover) for cover in held]:
        raise NotAllowedNowError(CHANGED)
    own = [portfolio for portfolio in portfolios if portfolio.adviser_id == adviser.pk]
    return Days(portfolios=own, advisers=advisers, absences=locked, held=now_held)


def _days_of(cover: Cover) -> tuple[int, date, date]:
    return cover.pk, cover.starts_on, cover.ends_on


def lock_people(people: Iterable[int]) -> None:
    """Lock people in primary-key order, letting others refer to them."""
    list(
        Jobseeker.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=list(people))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def locked_portfolios(wanted: Q) -> list[Portfolio]:
    return list(Portfolio.objects.select_for_update(of=("self",), no_key=True).filter(wanted).order_by("pk"))


def locked_advisers(pks: set[int]) -> dict[int, Adviser]:
    locked = (
        Adviser.objects.select_for_update(of=("self",))
        .filter(pk__in=pks)
        .select_related("user", "agency__departement__region")
        .order_by("pk")
    )
    return {adviser.pk: adviser for adviser in locked}
