"""The end of the web track: the person leaves it, or it ends with the tier."""

from typing import Any

import pytest

from accompaniment.enums import (
    EnrolmentState,
    LeavingReason,
    NotificationKind,
    Tier,
    Track,
)
from accompaniment.models import (
    Accompaniment,
    Consent,
    Enrolment,
)
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.tiers import change_tier
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import (
    EnrolmentFactory,
    consent_text_in_force,
    reference,
)
from tests.accompaniment.tracks import told, track_of
from tests.caseload.factories import (
    PortfolioFactory,
    on_web_track,
    placed,
    validated,
    volunteer,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reference_and_invariants() -> Any:
    """The ground floor's invariants hold after every test."""
    reference()
    yield
    assert [breach for check in GROUND_CHECKS for breach in check()] == []


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


class TestLeaving:
    @pytest.mark.parametrize("by", ["person", "adviser"])
    def test_ends_the_track_at_once(self, portfolio: Portfolio, by: str) -> None:
        person = on_web_track(portfolio)
        actor = person.user if by == "person" else portfolio.adviser.user
        leave_track(actor=actor, jobseeker=person)
        enrolment = Enrolment.objects.get(jobseeker=person)
        assert (enrolment.state, enrolment.leaving_reason) == (EnrolmentState.ENDED, LeavingReason.BY_REQUEST)
        assert track_of(person) == (Tier.GUIDE, Track.CLASSIC)
        assert not Consent.objects.filter(jobseeker=person, withdrawn_at=None).exists()
        assert told(person)[-1] == NotificationKind.TRACK_ENDED
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0

    def test_needs_no_room_anywhere(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert not Portfolio.objects.filter(modality="guide").exists()
        leave_track(actor=person.user, jobseeker=person)
        assert not Placement.objects.open().filter(jobseeker=person).exists()

    def test_moves_into_a_classic_portfolio_that_has_room(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        classic = PortfolioFactory(agency=portfolio.agency, modality="guide", capacity=1)
        leave_track(actor=person.user, jobseeker=person)
        assert Placement.objects.open().get(jobseeker=person).portfolio == classic

    def test_before_the_acceptance_withdraws_and_frees_the_place(self, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        leave_track(actor=person.user, jobseeker=person)
        assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.WITHDRAWN
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0

    def test_before_the_interview_leaves_a_classic_place_alone(self) -> None:
        classic = PortfolioFactory(modality="guide")
        person = placed(classic)
        before = Placement.objects.open().get(jobseeker=person)
        EnrolmentFactory(jobseeker=person)
        leave_track(actor=person.user, jobseeker=person)
        assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.WITHDRAWN
        assert Placement.objects.open().get(jobseeker=person) == before

    def test_twice_changes_nothing_more(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        for _ in range(2):
            leave_track(actor=person.user, jobseeker=person)
        assert Accompaniment.objects.filter(jobseeker=person).count() == 3
        assert told(person).count(NotificationKind.TRACK_ENDED) == 1

    def test_and_coming_back_asks_for_everything_again(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        leave_track(actor=person.user, jobseeker=person)
        again = validated(portfolio, enrolment=EnrolmentFactory(jobseeker=person))
        assert again.state == EnrolmentState.VALIDATED
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert track_of(person) == (Tier.GUIDE, Track.WEB)


class TestChangingTheTier:
    def test_ends_the_web_track_in_the_same_transaction(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        change_tier(actor=portfolio.adviser.user, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        enrolment = Enrolment.objects.get(jobseeker=person)
        assert (enrolment.state, enrolment.leaving_reason) == (EnrolmentState.ENDED, LeavingReason.TIER_CHANGE)
        assert track_of(person) == (Tier.SUIVI, Track.CLASSIC)
        assert not Placement.objects.open().filter(jobseeker=person).exists()

    def test_to_the_same_one_changes_nothing(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        change_tier(actor=portfolio.adviser.user, jobseeker=person, tier=Tier.GUIDE, reason="Rien")
        assert track_of(person) == (Tier.GUIDE, Track.WEB)
        assert Accompaniment.objects.filter(jobseeker=person).count() == 2

    def test_lapses_what_was_validated_and_tells_why(self, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Import")
        assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.LAPSED
        assert told(person)[-1] == NotificationKind.TIER_CHANGED
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0
        with pytest.raises(NotAllowedNowError):
            accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())

    def test_leaves_what_waits_for_the_interview_where_the_tier_is_decided(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        change_tier(actor=None, jobseeker=enrolment.jobseeker, tier=Tier.SUIVI, reason="Import")
        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.ASKED
        assert validated(portfolio, enrolment=enrolment).state == EnrolmentState.VALIDATED
