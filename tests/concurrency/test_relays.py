"""A covering colleague goes away too, or an absence is extended, at once: an absent colleague never covers."""

from collections.abc import Callable
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.rules.errors import DomainError
from caseload.models import Absence, Adviser, Cover, Placement, Portfolio
from caseload.services.moves.absences import add_cover, declare_absence, end_absence, extend_absence, replace_colleague
from caseload.services.moves.transfers import transfer_people
from tests.caseload.factories import AdviserFactory, ManagerFactory, on_web_track, planned_absence
from tests.concurrency.acts import book, nothing_is_broken
from tests.concurrency.threads import PATIENCE, at_once
from tests.visio.factories import bookable_portfolio, first_slots
from visio.reads.invariants import booked_with_the_follower, nothing_booked_in_an_absence

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def own(portfolio: Portfolio) -> Portfolio:
    """The portfolio of the covering colleague."""
    return bookable_portfolio(agency=portfolio.agency)


@pytest.fixture
def third(portfolio: Portfolio) -> Adviser:
    return AdviserFactory(agency=portfolio.agency)


def fresh(absence: Absence) -> Absence:
    return Absence.objects.select_related("adviser__user", "adviser__agency__departement__region").get(pk=absence.pk)


def extending(absence: Absence, portfolio: Portfolio, *colleagues: Adviser, days: int = 3) -> Callable[[], list[str]]:
    seen = fresh(absence)
    return lambda: extend_absence(
        actor=seen.adviser.user,
        absence=seen,
        last_day=seen.ends_on + timedelta(days=days),
        colleagues={portfolio.pk: [colleague.pk for colleague in colleagues]},
        decisions={},
    )


def declaring(
    portfolio: Portfolio, first: date, last: date, *colleagues: Adviser, relays: dict[int, int] | None = None
) -> Callable[[], Absence]:
    return lambda: declare_absence(
        actor=portfolio.adviser.user,
        adviser=portfolio.adviser,
        starts_on=first,
        ends_on=last,
        colleagues={portfolio.pk: [colleague.pk for colleague in colleagues]},
        decisions={},
        relays=relays,
    )[0]


def only_refused(*results: object) -> bool:
    return all(isinstance(result, DomainError) for result in results if isinstance(result, Exception))


def test_an_extension_that_names_who_goes_away_then(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    absence = planned_absence(portfolio, colleague=own.adviser)
    added = absence.ends_on + timedelta(days=1)
    results = at_once(
        extending(absence, portfolio, own.adviser), declaring(own, added, added + timedelta(days=1), third)
    )
    assert only_refused(*results), results
    assert nothing_is_broken()


def test_an_extension_while_the_relay_is_handed_on(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    absence = planned_absence(portfolio, colleague=own.adviser)
    cover = absence.covers.get()
    results = at_once(
        extending(absence, portfolio, own.adviser),
        declaring(own, absence.starts_on, absence.ends_on, third, relays={cover.pk: third.pk}),
    )
    assert only_refused(*results), results
    assert any(not isinstance(result, Exception) for result in results), results
    assert nothing_is_broken()


def test_two_who_name_each_other_and_a_third(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    first = timezone.localdate() + timedelta(days=30)
    last = first + timedelta(days=4)
    results = at_once(declaring(portfolio, first, last, own.adviser), declaring(own, first, last, portfolio.adviser))
    assert only_refused(*results), results
    assert Absence.objects.count() == 1
    assert nothing_is_broken()
    away = Absence.objects.get()
    other = own if away.adviser_id == portfolio.adviser_id else portfolio
    declaring(other, first, last, third, relays={Cover.objects.get().pk: third.pk})()
    assert Absence.objects.count() == 2
    assert nothing_is_broken()


def test_without_the_guard_who_covers_is_away(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    """The control: the colleague's absence comes between its check and the added days."""
    absence = planned_absence(portfolio, colleague=own.adviser)
    added = absence.ends_on + timedelta(days=1)
    looked, written = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def extend_unguarded() -> bool:
        with transaction.atomic():
            assert not Absence.objects.filter(adviser=own.adviser).exists()
            looked.wait()
            written.wait()
            Absence.objects.filter(pk=absence.pk).update(ends_on=added)
            Cover.objects.filter(absence=absence).update(ends_on=added)
        return True

    def go_away() -> bool:
        looked.wait()
        declaring(own, added, added, third)()
        written.wait()
        return True

    assert at_once(extend_unguarded, go_away) == [True, True]
    assert not nothing_is_broken()


def test_an_extension_and_a_booking_of_the_added_days(portfolio: Portfolio, third: Adviser) -> None:
    person = on_web_track(portfolio)
    slot = first_slots(person)[-1]
    last = slot.astimezone(portfolio.adviser.agency.zone).date() - timedelta(days=1)
    absence = declaring(portfolio, last, last, third)()
    extension, booked = at_once(extending(absence, portfolio, third, days=1), lambda: book(person, slot))
    assert only_refused(extension, booked), (extension, booked)
    assert isinstance(extension, Exception) != isinstance(booked, Exception), (extension, booked)
    assert list(nothing_booked_in_an_absence()) == []


def test_an_extension_and_somebody_who_is_handed_over(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    """A handed-over person has an interview on an added day of the new adviser: it is decided or moved, never lost."""
    person = on_web_track(own)
    slot = first_slots(person)[-1]
    interview = book(person, slot)
    last = slot.astimezone(portfolio.adviser.agency.zone).date() - timedelta(days=1)
    absence = declaring(portfolio, last, last, third)()
    manager = ManagerFactory().user

    def hand_over() -> None:
        transfer_people(
            actor=manager,
            people=Placement.objects.open().filter(jobseeker=person),
            targets=[portfolio],
            reason="Charge",
        )

    results = at_once(extending(absence, portfolio, third, days=1), hand_over)
    assert only_refused(*results), results
    interview.refresh_from_db()
    assert Placement.objects.open().get(jobseeker=person).portfolio == portfolio
    assert [*nothing_booked_in_an_absence(), *booked_with_the_follower()] == []
    assert nothing_is_broken()


def test_end_replace_and_add_at_once(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    """No cover outlives its absence, whichever of three changes comes first. All of them hold copies read before."""
    absence = planned_absence(portfolio, colleague=own.adviser)
    cover = Cover.objects.select_related("absence__adviser__user").get()
    fourth = AdviserFactory(agency=portfolio.agency)
    actor = portfolio.adviser.user
    ended, *others = at_once(
        lambda: end_absence(actor=actor, absence=fresh(absence), last_day=absence.starts_on),
        lambda: replace_colleague(actor=actor, cover=cover, colleague=third),
        lambda: add_cover(actor=actor, absence=fresh(absence), portfolio=portfolio, colleague=fourth),
    )
    assert not isinstance(ended, Exception), ended
    assert only_refused(*others), others
    assert set(Cover.objects.filter(cancelled_at=None).values_list("ends_on", flat=True)) == {absence.starts_on}
    assert nothing_is_broken()


def test_days_that_were_read_before_the_lock_outlive_the_absence(portfolio: Portfolio, third: Adviser) -> None:
    """The control: a replacement writes the last day of its old copy, but the absence is shorter by now."""
    absence = planned_absence(portfolio, colleague=third)
    stale = absence.covers.get()
    read, ended = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def replace_unguarded() -> bool:
        with transaction.atomic():
            read.wait()
            ended.wait()
            Cover.objects.filter(pk=stale.pk).update(ends_on=stale.ends_on)
        return True

    def shorten() -> bool:
        read.wait()
        end_absence(actor=portfolio.adviser.user, absence=fresh(absence), last_day=absence.starts_on)
        ended.wait()
        return True

    assert at_once(replace_unguarded, shorten) == [True, True]
    assert not nothing_is_broken()
