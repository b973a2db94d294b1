"""A change of adviser and the booked interviews: they move, or the person chooses another hour."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, Modality, NotificationKind, Tier
from accompaniment.hooks.invariants import checks
from accompaniment.models import AuditEntry, Enrolment, Jobseeker, Notification, User
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.interview import open_registration_interview
from caseload.models import Absence, CaseSummary, Placement, Portfolio, TransferBatch
from caseload.reads.moves.transfer_reports import carried_in_words
from caseload.services.moves.transfers import transfer_people
from caseload.services.registration.decisions import validate_at_interview
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import (
    AgencyFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
    plan_defaults,
)
from tests.caseload.factories import ManagerFactory, findings, on_web_track, placed, validated
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots
from visio.enums import InterviewState
from visio.models import Interview
from visio.rules.slots import LENGTH, OCCUPIED
from visio.services.interviews import book_interview
from visio.services.room import admit

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def heir(portfolio: Portfolio) -> Portfolio:
    """A portfolio of a colleague in the same agency, with the same hours."""
    return bookable_portfolio(agency=portfolio.agency)


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


def book(person: Jobseeker, portfolio: Portfolio, *, channel: str = Channel.VIDEO, **facts: Any) -> Interview:
    return book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=portfolio.adviser,
        starts_at=first_slots(person)[-1],
        channel=channel,
        **facts,
    )


def hand_over(person: Jobseeker, to: Portfolio) -> TransferBatch:
    return transfer_people(
        actor=ManagerFactory().user,
        people=Placement.objects.open().filter(jobseeker=person),
        targets=[to],
        reason="Congé parental",
    )


def carried(batch: TransferBatch) -> str:
    transfer = batch.transfers.get()
    return " ".join(carried_in_words(along, transfer) for along in transfer.carried)


def told(person: Jobseeker) -> str:
    letter = Notification.objects.get(jobseeker=person, kind=NotificationKind.ADVISER_CHANGED)
    return " ".join(letter.context["carried"])


def test_it_goes_to_the_new_adviser_at_the_same_hour(person: Jobseeker, portfolio: Portfolio, heir: Portfolio) -> None:
    before = book(person, portfolio)
    batch = hand_over(person, heir)
    after = Interview.objects.get(pk=before.pk)
    assert (after.adviser, after.state) == (heir.adviser, InterviewState.BOOKED)
    assert (after.starts_at, after.token, after.channel) == (before.starts_at, before.token, before.channel)
    assert "à la même heure" in carried(batch)
    assert f"a lieu comme prévu, avec {heir.adviser}" in told(person)
    assert not Notification.objects.filter(kind=NotificationKind.INTERVIEW_CANCELLED).exists()
    assert AuditEntry.objects.filter(
        jobseeker=person, action=AuditAction.INTERVIEW, details__event="handed_over"
    ).exists()
    assert [breach for check in checks for breach in check()] == []


def test_where_the_new_adviser_is_taken_the_person_chooses_again(
    person: Jobseeker, portfolio: Portfolio, heir: Portfolio
) -> None:
    obligation = due_obligation(person)
    interview = book(person, portfolio, obligation=obligation)
    InterviewFactory(
        jobseeker=on_web_track(heir),
        starts_at=interview.starts_at,
        ends_at=interview.starts_at + LENGTH,
        occupies_until=interview.starts_at + OCCUPIED,
    )
    batch = hand_over(person, heir)
    interview.refresh_from_db()
    assert interview.state == InterviewState.CANCELLED
    assert "n'est pas libre alors" in carried(batch)
    assert "Choisissez une autre heure" in told(person)
    # Both letters tell the person to choose another hour.
    cancelled = Notification.objects.get(jobseeker=person, kind=NotificationKind.INTERVIEW_CANCELLED)
    changed = Notification.objects.get(jobseeker=person, kind=NotificationKind.ADVISER_CHANGED)
    for letter in (cancelled, changed):
        words = letter_for(letter).body
        assert "Vous n'avez rien à faire" not in words
        assert "Choisissez un" in words
    # The obligation is unchanged, and is to be placed with the new adviser.
    obligation.refresh_from_db()
    assert obligation.state == "due"
    summary = CaseSummary.objects.get(jobseeker=person)
    assert (summary.next_interview_at, summary.to_place_by) == (None, obligation.due_on)
    assert Placement.objects.open().get(jobseeker=person).portfolio == heir
    assert [breach for check in checks for breach in check()] == []


def test_where_the_new_adviser_is_absent_the_person_chooses_again(
    person: Jobseeker, portfolio: Portfolio, heir: Portfolio
) -> None:
    interview = book(person, portfolio)
    day = interview.starts_at.astimezone(heir.agency.zone).date()
    Absence.objects.create(
        adviser=heir.adviser, starts_on=day, ends_on=day, set_by=heir.adviser.user, set_at=timezone.now()
    )
    hand_over(person, heir)
    interview.refresh_from_db()
    assert interview.state == InterviewState.CANCELLED


@pytest.mark.parametrize(
    ("channel", "state"), [(Channel.ON_SITE, InterviewState.CANCELLED), (Channel.VIDEO, InterviewState.BOOKED)]
)
def test_in_another_agency_only_what_is_at_a_distance_goes_along(
    person: Jobseeker, portfolio: Portfolio, channel: str, state: str
) -> None:
    platform = bookable_portfolio(agency=AgencyFactory(departement=portfolio.agency.departement))
    interview = book(person, portfolio, channel=channel)
    hand_over(person, platform)
    interview.refresh_from_db()
    assert interview.state == state


def test_a_conversation_under_way_goes_on(person: Jobseeker, portfolio: Portfolio, heir: Portfolio) -> None:
    interview = InterviewFactory(jobseeker=person)
    admit(actor=portfolio.adviser.user, interview=interview)
    hand_over(person, heir)
    interview.refresh_from_db()
    assert (interview.state, interview.adviser) == (InterviewState.IN_PROGRESS, portfolio.adviser)


def test_what_is_past_stays_with_who_has_to_conclude_it(
    person: Jobseeker, portfolio: Portfolio, heir: Portfolio
) -> None:
    hour: datetime = timezone.now() - timedelta(hours=2)
    interview = InterviewFactory(jobseeker=person, starts_at=hour)
    hand_over(person, heir)
    interview.refresh_from_db()
    assert (interview.state, interview.adviser) == (InterviewState.BOOKED, portfolio.adviser)


class TestValidation:
    """A volunteer whom another adviser followed until the registration interview."""

    @pytest.fixture
    def classic(self, portfolio: Portfolio) -> Portfolio:
        plan_defaults()
        return bookable_portfolio(agency=portfolio.agency, modality=Modality.GUIDE)

    def validate(self, person: Jobseeker, into: Portfolio, *, actor: User | None = None) -> Placement:
        actor = actor or into.adviser.user
        enrolment = EnrolmentFactory(jobseeker=person)
        interview = open_registration_interview(actor=actor, jobseeker=person)
        return validate_at_interview(
            actor=actor, enrolment=enrolment, interview=interview, findings=findings(), portfolio=into
        )

    def test_takes_the_booked_interview_along_and_says_so(self, portfolio: Portfolio, classic: Portfolio) -> None:
        person = placed(classic)
        booked = book(person, classic, channel=Channel.PHONE)
        self.validate(person, portfolio)
        booked.refresh_from_db()
        assert (booked.adviser, booked.state) == (portfolio.adviser, InterviewState.BOOKED)
        letter = Notification.objects.get(jobseeker=person, kind=NotificationKind.INVITATION)
        assert letter.context["follower"] == portfolio.adviser.user.full_name
        assert f"a lieu comme prévu, avec {portfolio.adviser}" in " ".join(letter.context["carried"])
        assert [breach for check in checks for breach in check()] == []

    def test_who_keeps_the_adviser_keeps_what_is_booked(self, portfolio: Portfolio) -> None:
        plan_defaults()
        own = bookable_portfolio(adviser=portfolio.adviser, modality=Modality.GUIDE)
        person = placed(own)
        booked = book(person, own, channel=Channel.PHONE)
        self.validate(person, portfolio)
        booked.refresh_from_db()
        assert (booked.adviser, booked.state) == (portfolio.adviser, InterviewState.BOOKED)
        letter = Notification.objects.get(jobseeker=person, kind=NotificationKind.INVITATION)
        assert letter.context["carried"] == []

    def test_with_another_tier_moves_once_and_takes_it_along(self, portfolio: Portfolio, classic: Portfolio) -> None:
        of_the_tier = bookable_portfolio(agency=portfolio.agency, modality=Modality.SUIVI)
        person = placed(of_the_tier, tier=Tier.SUIVI)
        booked = book(person, of_the_tier, channel=Channel.PHONE)
        waiting = Enrolment.objects.create(jobseeker=person, asked_at=timezone.now())
        actor = portfolio.adviser.user
        interview = open_registration_interview(actor=actor, jobseeker=person)
        validate_at_interview(
            actor=actor, enrolment=waiting, interview=interview, findings=findings(), portfolio=portfolio
        )
        booked.refresh_from_db()
        assert (booked.adviser, booked.state) == (portfolio.adviser, InterviewState.BOOKED)
        places = Placement.objects.filter(jobseeker=person).order_by("started_at")
        assert [place.portfolio for place in places] == [of_the_tier, portfolio]
        assert [breach for check in checks for breach in check()] == []

    def test_by_a_colleague_tells_who_receives(self, portfolio: Portfolio, heir: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency)
        self.validate(person, portfolio, actor=heir.adviser.user)
        received = Notification.objects.get(kind=NotificationKind.PEOPLE_RECEIVED)
        assert received.user == portfolio.adviser.user
        assert heir.adviser.user.full_name in received.context["reason"]
        self.validate(JobseekerFactory(agency=portfolio.agency), portfolio)
        assert Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).count() == 1

    def test_of_who_had_accepted_names_the_adviser_and_asks_for_nothing(self, portfolio: Portfolio) -> None:
        plan_defaults()
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        enrolment = EnrolmentFactory(jobseeker=person)
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        validated(portfolio, enrolment=enrolment)
        letters = {letter.kind: letter for letter in Notification.objects.filter(jobseeker=person)}
        assert set(letters) == {NotificationKind.TRACK_STARTED, NotificationKind.ADVISER_CHANGED}
        assert letters[NotificationKind.ADVISER_CHANGED].context["adviser"] == portfolio.adviser.user.full_name
