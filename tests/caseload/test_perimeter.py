"""Who sees whose file: the perimeter of jobseekers, advisers and managers, day by day."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature
from accompaniment.models import Contact, Enrolment, Jobseeker, User
from accompaniment.services import journal
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.enums import PlacementEnd
from caseload.models import Adviser, Cover, Portfolio
from caseload.services.moves.placements import end_placement
from tests.accompaniment.factories import AdviserUserFactory, ManagerUserFactory
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    """A person on the web track, with an enrolment and an entry in the journal."""
    person = on_web_track(portfolio)
    journal.write_contact(
        jobseeker=person,
        at=timezone.now(),
        channel=Channel.PHONE,
        nature=ContactNature.CALLBACK,
        author=portfolio.adviser.user,
        summary="",
        source=f"test:{person.pk}",
    )
    return person


def sees(user: User, person: Jobseeker) -> bool:
    """Return whether the user sees the person, and check that every queryset of the file gives the same answer."""
    answers = {
        Jobseeker.objects.visible_to(user).filter(pk=person.pk).exists(),
        Enrolment.objects.visible_to(user).filter(jobseeker=person).exists(),
        Contact.objects.visible_to(user).filter(jobseeker=person).exists(),
    }
    assert len(answers) == 1
    return answers.pop()


def test_the_adviser_of_the_portfolio_sees_and_a_colleague_does_not(person: Jobseeker, portfolio: Portfolio) -> None:
    assert sees(portfolio.adviser.user, person)
    assert not sees(PortfolioFactory(agency=portfolio.agency).adviser.user, person)


def test_a_stranger_of_another_region_does_not(person: Jobseeker) -> None:
    assert not sees(PortfolioFactory().adviser.user, person)


def test_an_account_without_its_adviser_or_manager_sees_nobody(person: Jobseeker) -> None:
    assert not sees(AdviserUserFactory(), person)
    assert not sees(ManagerUserFactory(), person)


@pytest.mark.parametrize(
    ("instant", "seen"),
    [
        (datetime(2026, 3, 1, 22, 59, tzinfo=UTC), False),  # 23 h 59 in Paris, the day before
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), True),  # midnight, the first day
        (datetime(2026, 3, 4, 12, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 6, 22, 59, tzinfo=UTC), True),  # the last minute of the last day
        (datetime(2026, 3, 6, 23, 0, tzinfo=UTC), False),  # the day after
    ],
)
def test_a_covering_colleague_sees_from_the_first_to_the_last_day(
    person: Jobseeker, portfolio: Portfolio, instant: datetime, seen: bool
) -> None:
    cover = CoverFactory(portfolio=portfolio, starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 6))
    with time_machine.travel(instant, tick=False):
        assert sees(cover.colleague.user, person) is seen
        assert sees(portfolio.adviser.user, person)


def test_a_cancelled_cover_opens_nothing(person: Jobseeker, portfolio: Portfolio) -> None:
    cover = CoverFactory(portfolio=portfolio)
    assert sees(cover.colleague.user, person)
    Cover.objects.filter(pk=cover.pk).update(cancelled_at=timezone.now())
    assert not sees(cover.colleague.user, person)


def test_the_days_of_a_cover_are_those_of_the_colleague_s_agency() -> None:
    portfolio = PortfolioFactory(adviser__agency__region__timezone="Indian/Reunion")
    person = on_web_track(portfolio)
    cover = CoverFactory(portfolio=portfolio, starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 2))
    with time_machine.travel("2026-03-01T20:30:00+00:00", tick=False):  # 0 h 30 in La Réunion
        assert Jobseeker.objects.visible_to(cover.colleague.user).filter(pk=person.pk).exists()
    with time_machine.travel("2026-03-02T20:30:00+00:00", tick=False):
        assert not Jobseeker.objects.visible_to(cover.colleague.user).filter(pk=person.pk).exists()


def test_a_manager_sees_the_people_of_their_regions_only(person: Jobseeker, portfolio: Portfolio) -> None:
    elsewhere = AdviserFactory().agency.region
    assert sees(ManagerFactory(regions=[portfolio.agency.region]).user, person)
    assert sees(ManagerFactory(regions=[elsewhere, portfolio.agency.region]).user, person)
    assert not sees(ManagerFactory(regions=[elsewhere]).user, person)
    assert not sees(ManagerFactory(regions=[]).user, person)


def test_a_manager_of_the_whole_country_sees_everybody(person: Jobseeker) -> None:
    assert sees(ManagerFactory(whole_country=True).user, person)


def test_a_jobseeker_sees_their_own_file_only(person: Jobseeker, portfolio: Portfolio) -> None:
    neighbour = on_web_track(portfolio)
    assert sees(person.user, person)
    assert not sees(neighbour.user, person)


def test_the_right_ends_at_once_with_the_placement(person: Jobseeker, portfolio: Portfolio) -> None:
    cover = CoverFactory(portfolio=portfolio)
    assert sees(portfolio.adviser.user, person)
    with transaction.atomic():
        end_placement(
            actor=None, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=timezone.now() + timedelta(seconds=1)
        )
    assert not sees(portfolio.adviser.user, person)
    assert not sees(cover.colleague.user, person)


def test_leaving_the_track_moves_the_right_to_the_classic_portfolio(person: Jobseeker, portfolio: Portfolio) -> None:
    classic = PortfolioFactory(agency=portfolio.agency, modality="guide")
    assert sees(portfolio.adviser.user, person)
    leave_track(actor=person.user, jobseeker=person)
    assert not sees(portfolio.adviser.user, person)
    assert sees(classic.adviser.user, person)


def test_portfolios_and_colleagues_are_seen_by_the_same_rule(portfolio: Portfolio) -> None:
    now = timezone.now()
    cover = CoverFactory(portfolio=portfolio)
    stranger = PortfolioFactory()
    regional = ManagerFactory(regions=[portfolio.agency.region]).user
    seen = {
        name: set(Portfolio.objects.visible_to(user, now))
        for name, user in {
            "own": portfolio.adviser.user,
            "cover": cover.colleague.user,
            "stranger": stranger.adviser.user,
            "regional": regional,
            "country": ManagerFactory().user,
            "jobseeker": on_web_track(portfolio).user,
        }.items()
    }
    assert seen == {
        "own": {portfolio},
        "cover": {portfolio},
        "stranger": {stranger},
        "regional": {portfolio},
        "country": {portfolio, stranger},
        "jobseeker": set(),
    }
    assert set(Adviser.objects.visible_to(regional)) == {portfolio.adviser, cover.colleague}
    assert set(Adviser.objects.visible_to(portfolio.adviser.user)) == {portfolio.adviser}
