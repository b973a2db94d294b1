"""Locks everybody whom an absence concerns: the people, the portfolios, then the advisers, each in primary-key order.

The absences themselves come last. To make an adviser a cover, or to book an interview, one needs a lock on the
adviser's row. So what the adviser covers is read again under this lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accompaniment.locks import lock_jobseekers
from accompaniment.rules.errors import NotAllowedNowError
from caseload.hooks.adviser_absences import PlannedAbsence, questions_about
from caseload.locks import lock_absences, lock_advisers, lock_portfolios
from caseload.models import Absence, Adviser, Cover, Placement, Portfolio
from caseload.services.moves.covers import relays_between

CHANGED = "Cette absence ou un relais vient de changer. Rien n'est enregistré\u00a0: relisez, puis envoyez de nouveau."


@dataclass(frozen=True, kw_only=True)
class Days:
    """The people, portfolios and advisers of an absence's days; mappings are by primary key."""

    portfolios: list[Portfolio]
    advisers: dict[int, Adviser]
    absences: dict[int, Absence]
    held: list[Cover]
    """The covers that the adviser holds on these days."""


def lock_days(
    adviser: Adviser, starts_on: date, ends_on: date, *, chosen: set[int], absences: Collection[int] = ()
) -> Days:
    """Lock whom the days of an absence concern: people with bookings, covered people, and all advisers."""
    seen = questions_about(PlannedAbsence(adviser=adviser, starts_on=starts_on, ends_on=ends_on, colleagues={}))
    held = relays_between(adviser, starts_on=starts_on, ends_on=ends_on)
    covered = {cover.portfolio_id for cover in held}
    followed = Placement.objects.open().filter(portfolio__in=covered).values_list("jobseeker", flat=True)
    lock_jobseekers({question.person.pk for question in seen} | set(followed))
    absent = {cover.portfolio.adviser_id for cover in held}
    portfolios = lock_portfolios(Portfolio.objects.filter(Q(adviser=adviser) | Q(pk__in=covered)))
    advisers = lock_advisers({adviser.pk, *absent, *chosen})
    locked = lock_absences({*absences, *(cover.absence_id for cover in held)})
    now_held = relays_between(adviser, starts_on=starts_on, ends_on=ends_on)
    if [_days_of(cover) for cover in now_held] != [_days_of(cover) for cover in held]:
        raise NotAllowedNowError(CHANGED)
    own = [portfolio for portfolio in portfolios if portfolio.adviser_id == adviser.pk]
    return Days(portfolios=own, advisers=advisers, absences=locked, held=now_held)


def _days_of(cover: Cover) -> tuple[int, date, date]:
    return cover.pk, cover.starts_on, cover.ends_on
