"""A file moves a person to an agency of another region: the former adviser no longer follows them.

Kind: a change by a file without the consequences that the same change has by hand. A placement is always within the
region of the person's agency (`why_not_there`, `place_waiting`, `validate_at_interview`).
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, NotificationKind, Track
from accompaniment.models import Accompaniment, Agency, Enrolment, Jobseeker, Notification, Region
from accompaniment.rules.imports.rows import AGENCIES
from accompaniment.services.imports import load_agencies, load_jobseekers
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from caseload.reads.moves.waiting_list import waiting_for
from caseload.services.moves.waiting_list import place_waiting
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import OPENED_ON, AgencyFactory, RegionFactory, reference
from tests.accompaniment.files import agency_row, as_file, registration
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, placed, validated
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState

pytestmark = pytest.mark.django_db

IDENTIFIER, EMAIL = "1234567A", "eloise.aubrac@courriel.example"


@pytest.fixture(autouse=True)
def _reference() -> None:
    reference()


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE)


@pytest.fixture
def elsewhere(portfolio: Portfolio) -> Agency:
    """An agency of another region."""
    agency: Agency = AgencyFactory(region=RegionFactory(code="R2"))
    assert agency.departement.region_id != portfolio.agency.departement.region_id
    return agency


def moved(person: Jobseeker, agency: Agency, **values: str) -> Any:
    """Load a file that places the person in one agency, then one that places them in another."""
    known = {"identifiant": person.identifier, "email": person.email or "", "volontaire_web": "N"}
    load_jobseekers(actor=None, source=as_file(registration(person.agency, **known)))
    outcome = load_jobseekers(actor=None, source=as_file(registration(agency, **known, **values)))
    person.refresh_from_db()
    return outcome


def where(person: Jobseeker) -> Portfolio | None:
    return Portfolio.objects.filter(placements__jobseeker=person, placements__ended_at=None).first()


def letters() -> dict[str, Notification]:
    return {letter.kind: letter for letter in Notification.objects.order_by("pk")}


def booked(person: Jobseeker) -> Any:
    starts_at = timezone.now() + timedelta(days=5)
    return InterviewFactory(
        jobseeker=person,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        occupies_until=starts_at + timedelta(minutes=40),
    )


def test_where_the_new_agency_has_room_its_adviser_takes_over(portfolio: Portfolio, elsewhere: Agency) -> None:
    person = placed(portfolio, identifier=IDENTIFIER, email=EMAIL)
    target = PortfolioFactory(agency=elsewhere, modality=Modality.GUIDE)
    assert moved(person, elsewhere).changes()["region_changes"] == 1
    assert where(person) == target
    assert Placement.objects.get(portfolio=portfolio).end_reason == PlacementEnd.REGION_CHANGED
    assert not Jobseeker.objects.visible_to(portfolio.adviser.user).exists()
    assert Jobseeker.objects.visible_to(target.adviser.user).get() == person
    told = letters()
    assert target.adviser.user.full_name in letter_for(told[NotificationKind.REGION_CHANGED]).body
    assert told[NotificationKind.PEOPLE_RECEIVED].user == target.adviser.user
    assert told[NotificationKind.PEOPLE_LEFT].user == portfolio.adviser.user
    assert "dans une autre région" in letter_for(told[NotificationKind.PEOPLE_LEFT]).body
    call_command("check_invariants")


def test_where_none_has_room_the_person_waits_in_the_new_region(portfolio: Portfolio, elsewhere: Agency) -> None:
    person = placed(portfolio, identifier=IDENTIFIER, email=EMAIL)
    interview = booked(person)
    moved(person, elsewhere)
    assert where(person) is None
    there = ManagerFactory(regions=[elsewhere.departement.region]).user
    here = ManagerFactory(regions=[portfolio.agency.departement.region]).user
    assert (list(waiting_for(there)), list(waiting_for(here))) == ([person], [])
    interview.refresh_from_db()
    assert interview.state == InterviewState.CANCELLED
    assert "vous attendez un conseiller" in letter_for(letters()[NotificationKind.REGION_CHANGED]).body


def test_within_the_region_the_adviser_stays(portfolio: Portfolio) -> None:
    person = placed(portfolio, identifier=IDENTIFIER, email=EMAIL)
    interview = booked(person)
    neighbour = AgencyFactory(departement=portfolio.agency.departement)
    PortfolioFactory(agency=neighbour, modality=Modality.GUIDE)
    outcome = moved(person, neighbour)
    assert (outcome.updated, outcome.changes()["region_changes"]) == (1, 0)
    assert where(person) == portfolio
    interview.refresh_from_db()
    assert interview.state == InterviewState.BOOKED
    assert not Notification.objects.exists()
    call_command("check_invariants")


@pytest.mark.parametrize("room", [True, False])
def test_the_web_track_goes_on_from_anywhere_in_the_new_region(elsewhere: Agency, room: bool) -> None:
    person = on_web_track(PortfolioFactory(), identifier=IDENTIFIER, email=EMAIL)
    neighbour = AgencyFactory(departement=elsewhere.departement)
    target = PortfolioFactory(agency=neighbour, capacity=1)
    if not room:
        on_web_track(target)
    moved(person, elsewhere)
    assert where(person) == (target if room else None)
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB
    assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.ACTIVE
    call_command("check_invariants")


def test_who_was_validated_waits_for_a_place_of_the_web(elsewhere: Agency) -> None:
    """If the person were placed as guidé meanwhile, the acceptance would put a web track into a classic portfolio."""
    person = validated(PortfolioFactory(), identifier=IDENTIFIER, email=EMAIL).jobseeker
    moved(person, elsewhere)
    classic = PortfolioFactory(agency=elsewhere, modality=Modality.GUIDE)
    manager = ManagerFactory().user
    with pytest.raises(Exception, match="proposé pour cette personne"):
        place_waiting(actor=manager, jobseeker=person, portfolio=classic)
    web = PortfolioFactory(agency=elsewhere)
    place_waiting(actor=manager, jobseeker=person, portfolio=web)
    assert where(person) == web
    call_command("check_invariants")


def test_another_tier_at_the_same_time_is_one_move(portfolio: Portfolio, elsewhere: Agency) -> None:
    person = placed(portfolio, identifier=IDENTIFIER, email=EMAIL)
    target = PortfolioFactory(agency=elsewhere, modality=Modality.SUIVI)
    moved(person, elsewhere, modalite="suivi")
    assert where(person) == target
    assert Placement.objects.filter(jobseeker=person).count() == 2
    assert Notification.objects.filter(kind=NotificationKind.PEOPLE_LEFT).count() == 1
    call_command("check_invariants")


def test_a_placement_in_another_region_is_a_breach(
    portfolio: Portfolio, elsewhere: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    person = placed(portfolio)
    call_command("check_invariants")
    Jobseeker.objects.filter(pk=person.pk).update(agency=elsewhere)
    with pytest.raises(SystemExit):
        call_command("check_invariants")
    assert "placed_within_the_region: " in capsys.readouterr().out


@pytest.mark.parametrize("followed", [True, False])
def test_an_agency_that_follows_people_of_another_stays_in_its_region(followed: bool) -> None:
    """Kind: people who change region without a row of their own.

    People of a web portfolio may belong to other agencies.
    """

    def load(*rows: str) -> Any:
        return load_agencies(actor=None, source=as_file(*rows, header=AGENCIES.columns))

    load(agency_row(), agency_row(code="67483"))
    there, neighbour = Agency.objects.order_by("code").filter(code__in=["67482", "67483"])
    Region.objects.filter(departements__agencies=there).update(web_opens_on=OPENED_ON)
    portfolio = PortfolioFactory(adviser__agency=there)
    if followed:
        person = on_web_track(portfolio)
        Jobseeker.objects.filter(pk=person.pk).update(agency=neighbour)
    outcome = load(agency_row(departement="75", code_postal="75001"))
    assert (outcome.updated, outcome.rejections.total) == ((0, 1) if followed else (1, 0))
    call_command("check_invariants")
