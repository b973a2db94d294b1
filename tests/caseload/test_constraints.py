"""What the database itself refuses for portfolios, placements, covers and caps."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.models import Jobseeker
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import AdviserUserFactory, AgencyFactory, JobseekerFactory
from tests.caseload.factories import AdviserFactory, CapacityFactory, CoverFactory, PortfolioFactory

pytestmark = pytest.mark.django_db


def refused(constraint: str, act: Callable[[], Any]) -> None:
    """Expect the named constraint to refuse a write."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        act()


def put(portfolio: Portfolio, person: Jobseeker | None = None, **dates: Any) -> Placement:
    return Placement.objects.create(
        portfolio=portfolio,
        jobseeker=person or JobseekerFactory(agency=portfolio.agency),
        **{"started_at": timezone.now(), **dates},
    )


def occupied(portfolio: Portfolio) -> int:
    portfolio.refresh_from_db(fields=["occupied"])
    return portfolio.occupied


def test_a_portfolio_takes_its_last_place_and_no_more() -> None:
    portfolio = PortfolioFactory(capacity=2)
    put(portfolio)
    put(portfolio)
    refused("portfolio_within_capacity", lambda: put(portfolio))
    assert occupied(portfolio) == 2


def test_a_batch_that_does_not_fit_is_refused_whole() -> None:
    portfolio = PortfolioFactory(capacity=2)
    people = JobseekerFactory.create_batch(3, agency=portfolio.agency)
    rows = [Placement(portfolio=portfolio, jobseeker=person, started_at=timezone.now()) for person in people]
    refused("portfolio_within_capacity", lambda: Placement.objects.bulk_create(rows))
    assert occupied(portfolio) == 0
    Placement.objects.bulk_create(rows[:2])
    assert occupied(portfolio) == 2


def test_a_capacity_below_the_present_occupancy_is_refused() -> None:
    portfolio = PortfolioFactory(capacity=3)
    put(portfolio)
    put(portfolio)
    refused("portfolio_within_capacity", lambda: Portfolio.objects.filter(pk=portfolio.pk).update(capacity=1))
    assert Portfolio.objects.filter(pk=portfolio.pk).update(capacity=2) == 1


def test_the_count_follows_every_way_of_writing() -> None:
    one, other = PortfolioFactory(), PortfolioFactory()
    first, second = put(one), put(one)
    assert (occupied(one), occupied(other)) == (2, 0)
    Placement.objects.filter(pk=first.pk).update(portfolio=other)
    assert (occupied(one), occupied(other)) == (1, 1)
    Placement.objects.filter(pk=first.pk).update(ended_at=timezone.now(), end_reason=PlacementEnd.LEFT)
    assert (occupied(one), occupied(other)) == (1, 0)
    Placement.objects.filter(pk=first.pk).update(ended_at=None, end_reason="")
    assert (occupied(one), occupied(other)) == (1, 1)
    Placement.objects.filter(pk__in=[first.pk, second.pk]).delete()
    assert (occupied(one), occupied(other)) == (0, 0)


def test_a_closed_placement_does_not_count() -> None:
    portfolio = PortfolioFactory()
    placement = put(portfolio, ended_at=timezone.now() + timedelta(hours=1), end_reason=PlacementEnd.LEFT)
    assert occupied(portfolio) == 0
    placement.delete()
    assert occupied(portfolio) == 0


def test_a_person_has_one_open_placement() -> None:
    portfolio, person = PortfolioFactory(), JobseekerFactory()
    earlier = timezone.now() - timedelta(days=10)
    first = put(portfolio, person, started_at=earlier)
    refused("placement_(one_open|never_overlaps)", lambda: put(PortfolioFactory(), person))
    first.ended_at, first.end_reason = timezone.now() - timedelta(days=1), PlacementEnd.TRANSFERRED
    first.save()
    put(PortfolioFactory(), person)


def test_placements_of_one_person_never_overlap() -> None:
    portfolio, person = PortfolioFactory(), JobseekerFactory()
    now = timezone.now()

    def closed(first_day: int, last_day: int) -> Placement:
        return put(
            portfolio,
            person,
            started_at=now - timedelta(days=first_day),
            ended_at=now - timedelta(days=last_day),
            end_reason=PlacementEnd.TRANSFERRED,
        )

    closed(30, 20)
    refused("placement_never_overlaps", lambda: closed(25, 15))
    closed(20, 15)


def test_an_end_has_a_reason_and_comes_after_the_beginning() -> None:
    portfolio = PortfolioFactory()
    now = timezone.now()
    refused("placement_ended_with_reason", lambda: put(portfolio, ended_at=now))
    refused("placement_ended_with_reason", lambda: put(portfolio, end_reason=PlacementEnd.LEFT))
    refused(
        "placement_ended_with_reason",
        lambda: put(portfolio, started_at=now, ended_at=now - timedelta(seconds=1), end_reason=PlacementEnd.LEFT),
    )
    put(portfolio, started_at=now, ended_at=now + timedelta(seconds=1), end_reason=PlacementEnd.LEFT)


def test_an_adviser_has_one_portfolio_per_modality() -> None:
    adviser = AdviserFactory()
    PortfolioFactory(adviser=adviser)
    refused("portfolio_one_per_modality", lambda: PortfolioFactory(adviser=adviser))
    PortfolioFactory(adviser=adviser, modality=Modality.GUIDE)


def test_a_cover_ends_after_it_begins() -> None:
    today = timezone.localdate()
    stands = CoverFactory(starts_on=today, ends_on=today)
    before = {"starts_on": today, "ends_on": today - timedelta(days=1)}
    refused("cover_in_order", lambda: CoverFactory(absence=stands.absence, **before))


def test_an_agency_s_cap_has_a_reason_and_an_author() -> None:
    agency, author = AgencyFactory(), AdviserUserFactory()
    refused("capacity_agency_reason", lambda: CapacityFactory(agency=agency, set_by=author))
    refused("capacity_agency_reason", lambda: CapacityFactory(agency=agency, reason="Ouverture progressive"))
    CapacityFactory(agency=agency, reason="Ouverture progressive", set_by=author)


def test_one_cap_a_day_for_the_country_and_for_each_agency() -> None:
    today = timezone.localdate()
    CapacityFactory(starts_on=today)
    refused("capacity_once", lambda: CapacityFactory(starts_on=today, value=200))
    CapacityFactory(starts_on=today + timedelta(days=1), value=200)
