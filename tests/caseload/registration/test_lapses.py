"""Undecided requests lapse: when, what this frees, who is told, however often the job runs."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, NotificationKind, RefusalReason
from accompaniment.models import Consent, Enrolment, EnrolmentEvent, LapseDelay, Notification
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.reads.waiting_times import time_left
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.interview import refuse_enrolment
from accompaniment.services.enrolments.lapses import lapse_if_due, set_lapse_delay
from accompaniment.services.registration import save_draft
from caseload.jobs import lapse_enrolments
from caseload.models import Placement, Portfolio
from caseload.reads.invariants import CASELOAD_CHECKS
from caseload.services.registration import lapses
from messaging.services import delivery
from tests.accompaniment.factories import (
    AgencyFactory,
    EnrolmentFactory,
    JobseekerFactory,
    RegionFactory,
    consent_text_in_force,
    lapse_delays,
    reference,
)
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    validated,
    volunteer,
)

pytestmark = pytest.mark.django_db

BEGUN = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _reference_and_invariants() -> Any:
    reference()
    lapse_delays()
    yield
    assert [breach for check in (*GROUND_CHECKS, *CASELOAD_CHECKS) for breach in check()] == []


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


def state(enrolment: Enrolment) -> str:
    return Enrolment.objects.get(pk=enrolment.pk).state


def letters(kind: NotificationKind) -> list[Notification]:
    return list(Notification.objects.filter(kind=kind).order_by("pk"))


class TestWhen:
    @pytest.mark.parametrize(("days", "lapses_then"), [(30, False), (31, True)])
    def test_the_whole_of_the_last_day_is_left(self, portfolio: Portfolio, days: int, lapses_then: bool) -> None:
        with time_machine.travel(BEGUN):
            enrolment = volunteer(portfolio)
        assert lapses.lapse_due(now=BEGUN + days * DAY) == int(lapses_then)
        assert state(enrolment) == (EnrolmentState.LAPSED if lapses_then else EnrolmentState.ASKED)

    @pytest.mark.parametrize(("zone", "lapses_then"), [("Europe/Paris", False), ("Indian/Reunion", True)])
    def test_days_are_those_of_the_agency(self, zone: str, lapses_then: bool) -> None:
        agency = AgencyFactory(region=RegionFactory(timezone=zone))
        with time_machine.travel(BEGUN):
            EnrolmentFactory(jobseeker=JobseekerFactory(agency=agency))
        # 21:00 UTC on the last day: the next day has begun in Réunion, but not in Paris.
        assert lapses.lapse_due(now=BEGUN + 30 * DAY + timedelta(hours=11)) == int(lapses_then)

    @pytest.mark.parametrize(("days", "lapses_then"), [(30, False), (31, True)])
    def test_the_clock_of_the_acceptance_begins_with_the_validation(
        self, portfolio: Portfolio, days: int, lapses_then: bool
    ) -> None:
        with time_machine.travel(BEGUN - 20 * DAY):
            waiting = volunteer(portfolio)
        with time_machine.travel(BEGUN):
            enrolment = validated(portfolio, enrolment=waiting)
        assert lapses.lapse_due(now=BEGUN + days * DAY) == int(lapses_then)
        assert state(enrolment) == (EnrolmentState.LAPSED if lapses_then else EnrolmentState.VALIDATED)

    def test_a_wish_that_a_file_brings_late_has_its_full_time(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        Enrolment.objects.filter(pk=enrolment.pk).update(asked_at=timezone.now() - 300 * DAY)
        assert lapses.lapse_due(now=timezone.now()) == 0

    def test_the_delay_is_the_one_whose_day_has_come(self, portfolio: Portfolio) -> None:
        with time_machine.travel(BEGUN):
            enrolment = volunteer(portfolio)
            actor = ManagerFactory().user
            set_lapse_delay(actor=actor, state="asked", days=5, starts_on=date(2026, 3, 12), reason="Plus vite")
        assert lapses.lapse_due(now=BEGUN + 9 * DAY) == 0
        assert lapses.lapse_due(now=BEGUN + 10 * DAY) == 1
        assert state(enrolment) == EnrolmentState.LAPSED

    def test_without_a_delay_nothing_lapses(self, portfolio: Portfolio) -> None:
        LapseDelay.objects.all().delete()
        volunteer(portfolio)
        assert lapses.lapse_due(now=timezone.now() + 4000 * DAY) == 0

    def test_a_track_that_runs_never_lapses(self, portfolio: Portfolio) -> None:
        on_web_track(portfolio)
        assert lapses.lapse_due(now=timezone.now() + 4000 * DAY) == 0


class TestTimeLeft:
    @staticmethod
    def left(enrolment: Enrolment, at: datetime) -> tuple[date, int] | None:
        return time_left(now=at, only=[enrolment.pk]).get(enrolment.pk)

    @pytest.mark.parametrize("days", [0, 29, 30])
    def test_the_last_day_is_the_one_after_which_it_lapses(self, portfolio: Portfolio, days: int) -> None:
        with time_machine.travel(BEGUN):
            enrolment = volunteer(portfolio)
        assert self.left(enrolment, BEGUN + days * DAY) == (date(2026, 4, 1), 30 - days)
        assert lapses.lapse_due(now=BEGUN + 30 * DAY) == 0
        assert lapses.lapse_due(now=BEGUN + 31 * DAY) == 1
        assert self.left(enrolment, BEGUN + 31 * DAY) is None

    @pytest.mark.parametrize(
        ("days", "starts_on", "last_day"),
        [
            (5, date(2026, 3, 12), date(2026, 3, 11)),  # already over when it begins
            (20, date(2026, 3, 12), date(2026, 3, 22)),
            (60, date(2026, 3, 12), date(2026, 5, 1)),
            (5, date(2026, 4, 2), date(2026, 4, 1)),  # the earlier delay ends before
        ],
    )
    def test_a_delay_to_come_counts_from_its_day(
        self, portfolio: Portfolio, days: int, starts_on: date, last_day: date
    ) -> None:
        with time_machine.travel(BEGUN):
            enrolment = volunteer(portfolio)
            facts = {"state": "asked", "days": days, "starts_on": starts_on, "reason": "Autre délai"}
            set_lapse_delay(actor=ManagerFactory().user, **facts)
        assert self.left(enrolment, BEGUN) == (last_day, (last_day - BEGUN.date()).days)
        noon = datetime(last_day.year, last_day.month, last_day.day, 12, tzinfo=UTC)
        assert lapses.lapse_due(now=noon) == 0
        assert lapses.lapse_due(now=noon + DAY) == 1

    def test_the_clock_of_a_validated_one_begins_anew_and_a_track_has_none(self, portfolio: Portfolio) -> None:
        with time_machine.travel(BEGUN):
            waiting = validated(portfolio)
        assert self.left(waiting, BEGUN + DAY) == (date(2026, 4, 1), 29)
        runs = Enrolment.objects.get(jobseeker=on_web_track(portfolio))
        assert self.left(runs, BEGUN) is None

    def test_an_interview_in_progress_holds_it_open(self, portfolio: Portfolio) -> None:
        with time_machine.travel(BEGUN):
            enrolment = volunteer(portfolio)
        with time_machine.travel(BEGUN + 30 * DAY):
            save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed={"notes": "En cours"})
        assert lapses.lapse_due(now=BEGUN + 31 * DAY) == 0
        assert self.left(enrolment, BEGUN + 31 * DAY) == (date(2026, 4, 1), -1)


class TestWhatBecomes:
    def test_a_validated_one_frees_its_place_and_the_person_goes_back(self, portfolio: Portfolio) -> None:
        classic = PortfolioFactory(agency=portfolio.agency, modality=Modality.GUIDE)
        with time_machine.travel(timezone.now() - 31 * DAY):
            enrolment = validated(portfolio)
        lapses.lapse_due(now=timezone.now())
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0
        assert Placement.objects.open().get(jobseeker=enrolment.jobseeker).portfolio == classic

    def test_an_acceptance_given_early_falls_with_it(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        person = enrolment.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        assert not Consent.objects.filter(jobseeker=person, withdrawn_at=None).exists()

    def test_the_person_may_ask_again(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        assert EnrolmentFactory(jobseeker=enrolment.jobseeker).state == EnrolmentState.ASKED

    def test_the_history_names_the_system(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        event = EnrolmentEvent.objects.filter(enrolment=enrolment).last()
        assert event is not None
        assert (event.to_state, event.actor) == (EnrolmentState.LAPSED, None)


class TestWhoIsTold:
    def test_both_sides_once_however_often_it_runs(self, portfolio: Portfolio) -> None:
        person = volunteer(portfolio).jobseeker
        later = timezone.now() + 31 * DAY
        assert [lapses.lapse_due(now=later) for _ in range(5)] == [1, 0, 0, 0, 0]
        (told,) = letters(NotificationKind.ENROLMENT_LAPSED)
        assert (told.jobseeker, told.context["was_validated"], told.context["days"]) == (person, False, 30)
        (digest,) = letters(NotificationKind.VOLUNTEER_LAPSED)
        assert digest.user == portfolio.adviser.user
        assert [line["person"] for line in digest.context["lines"]] == [person.full_name]

    def test_a_morning_s_lapses_make_one_letter(self, portfolio: Portfolio) -> None:
        names = {volunteer(portfolio).jobseeker.full_name for _ in range(3)}
        later = timezone.now() + 31 * DAY
        lapses.lapse_due(now=later)
        (digest,) = letters(NotificationKind.VOLUNTEER_LAPSED)
        assert {line["person"] for line in digest.context["lines"]} == names
        letter = delivery.letter_for(digest)
        assert all(name in letter.body for name in names)

    def test_what_lapses_after_the_letter_has_left_makes_another(self, portfolio: Portfolio) -> None:
        volunteer(portfolio)
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        taken = delivery.claim(now=timezone.now() + timedelta(minutes=20))
        assert {letter.kind for letter in taken} == {"enrolment_lapsed", "volunteer_lapsed"}
        volunteer(portfolio)
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        assert [len(letter.context["lines"]) for letter in letters(NotificationKind.VOLUNTEER_LAPSED)] == [1, 1]

    def test_the_adviser_who_validated_is_told_and_not_the_others(self, portfolio: Portfolio) -> None:
        PortfolioFactory(agency=portfolio.agency)
        validated(portfolio)
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        (digest,) = letters(NotificationKind.VOLUNTEER_LAPSED)
        assert digest.user == portfolio.adviser.user
        assert digest.context["lines"][0]["was"] == "validated"
        assert "sans réponse de la personne" in delivery.letter_for(digest).body
        (told,) = letters(NotificationKind.ENROLMENT_LAPSED)
        assert "Il vous restait à l'accepter" in delivery.letter_for(told).body

    def test_where_nobody_keeps_the_web_all_advisers_are_told_then_the_managers(self) -> None:
        region = RegionFactory()
        here, empty = AgencyFactory(region=region), AgencyFactory(region=region)
        adviser, manager = AdviserFactory(agency=here), ManagerFactory(regions=[region])
        for agency in (here, empty):
            EnrolmentFactory(jobseeker=JobseekerFactory(agency=agency))
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        assert {letter.user for letter in letters(NotificationKind.VOLUNTEER_LAPSED)} == {adviser.user, manager.user}

    def test_without_an_address_and_a_telephone_only_the_agency_is_told(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        enrolment.jobseeker.email, enrolment.jobseeker.phone = None, ""
        enrolment.jobseeker.save()
        lapses.lapse_due(now=timezone.now() + 31 * DAY)
        assert letters(NotificationKind.ENROLMENT_LAPSED) == []
        assert len(letters(NotificationKind.VOLUNTEER_LAPSED)) == 1


def test_what_was_decided_meanwhile_is_left_alone(portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    refuse_enrolment(actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.EASE)
    with transaction.atomic():
        assert lapse_if_due(enrolment_pk=enrolment.pk, now=timezone.now() + 31 * DAY) is None
    assert state(enrolment) == EnrolmentState.REFUSED


def test_the_job_does_it_now(portfolio: Portfolio) -> None:
    with time_machine.travel(timezone.now() - 40 * DAY):
        volunteer(portfolio)
    assert lapse_enrolments() == 1
