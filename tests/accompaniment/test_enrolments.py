"""Enrolment in the web track: each refusal beside the success that differs from it by one fact."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    ContactNature,
    EnrolmentState,
    NotificationKind,
    RefusalReason,
    Tier,
    Track,
)
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    Contact,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    Notification,
    RegistrationInterview,
    User,
)
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import registration
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import (
    ask_enrolment,
    conclude_registration_interview,
    open_registration_interview,
    refuse_enrolment,
    validate_enrolment,
)
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import (
    AgencyFactory,
    ConsentTextFactory,
    EnrolmentFactory,
    JobseekerFactory,
    RegionFactory,
    UserFactory,
    consent_text_in_force,
    reference,
)
from tests.accompaniment.tracks import told, track_of
from tests.caseload.factories import (
    PortfolioFactory,
    findings,
    on_web_track,
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


def concluded(person: Jobseeker, actor: User, **facts: Any) -> RegistrationInterview:
    interview = open_registration_interview(actor=actor, jobseeker=person)
    return conclude_registration_interview(actor=actor, interview=interview, findings=findings(**facts))


class TestAsking:
    def test_a_volunteer_waits_for_the_registration_interview(self) -> None:
        person = JobseekerFactory()
        enrolment = ask_enrolment(actor=None, jobseeker=person)
        assert enrolment.state == EnrolmentState.ASKED
        event = EnrolmentEvent.objects.get(enrolment=enrolment)
        assert (event.from_state, event.to_state) == ("", EnrolmentState.ASKED)
        assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.ENROLMENT).count() == 1

    @pytest.mark.parametrize("tier", [Tier.RENFORCE, Tier.SUIVI])
    def test_another_tier_is_refused(self, tier: Tier) -> None:
        with pytest.raises(DomainError, match="guidé"):
            ask_enrolment(actor=None, jobseeker=JobseekerFactory(tier=tier))
        assert not Enrolment.objects.exists()

    def test_a_closed_region_is_refused(self) -> None:
        agency = AgencyFactory(region=RegionFactory(closed=True))
        with pytest.raises(DomainError, match="région"):
            ask_enrolment(actor=None, jobseeker=JobseekerFactory(agency=agency))

    def test_without_an_address_is_refused(self) -> None:
        with pytest.raises(DomainError, match="e-mail"):
            ask_enrolment(actor=None, jobseeker=JobseekerFactory(email=None))

    def test_once_at_a_time_and_again_later(self) -> None:
        person = JobseekerFactory(with_account=True)
        ask_enrolment(actor=person.user, jobseeker=person)
        with pytest.raises(NotAllowedNowError, match="déjà en cours"):
            ask_enrolment(actor=person.user, jobseeker=person)
        leave_track(actor=person.user, jobseeker=person)
        assert ask_enrolment(actor=person.user, jobseeker=person).state == EnrolmentState.ASKED

    @pytest.mark.parametrize(
        ("zone", "opens"), [("Europe/Paris", False), ("Indian/Reunion", True)], ids=["paris", "reunion"]
    )
    def test_a_region_opens_at_its_own_midnight(self, zone: str, opens: bool) -> None:
        # At 21:00 UTC the opening day has begun in Réunion (01:00) but not in Paris (23:00).
        with time_machine.travel(datetime(2026, 6, 30, 21, tzinfo=UTC)):
            agency = AgencyFactory(region=RegionFactory(timezone=zone, web_opens_on=date(2026, 7, 1)))
            person = JobseekerFactory(agency=agency)
            if opens:
                ask_enrolment(actor=None, jobseeker=person)
            else:
                with pytest.raises(DomainError, match="région"):
                    ask_enrolment(actor=None, jobseeker=person)


class TestRegistrationInterview:
    def test_is_begun_once(self, portfolio: Portfolio) -> None:
        person = volunteer(portfolio).jobseeker
        first = open_registration_interview(actor=portfolio.adviser.user, jobseeker=person)
        again = open_registration_interview(actor=portfolio.adviser.user, jobseeker=person)
        assert first == again
        assert first.tier == Tier.GUIDE

    def test_leaves_its_findings_and_one_line_of_the_journal(self, portfolio: Portfolio) -> None:
        person = volunteer(portfolio).jobseeker
        interview = concluded(person, portfolio.adviser.user, has_webcam=False, situation="Cherche.")
        interview.refresh_from_db()
        person.refresh_from_db()
        assert (interview.situation, interview.has_webcam, interview.typed) == ("Cherche.", False, {})
        assert person.has_webcam is False
        line = Contact.objects.get(jobseeker=person)
        assert (line.nature, line.author) == (ContactNature.REGISTRATION_INTERVIEW, portfolio.adviser.user)

    def test_asks_for_the_identity(self, portfolio: Portfolio) -> None:
        person = volunteer(portfolio).jobseeker
        with pytest.raises(DomainError, match="identité"):
            concluded(person, portfolio.adviser.user, identity_checked=False)
        assert not Contact.objects.exists()
        assert concluded(person, portfolio.adviser.user, identity_checked=True).concluded_at is not None

    def test_is_concluded_once(self, portfolio: Portfolio) -> None:
        actor = portfolio.adviser.user
        interview = concluded(volunteer(portfolio).jobseeker, actor)
        with pytest.raises(NotAllowedNowError, match="déjà conclu"):
            conclude_registration_interview(actor=actor, interview=interview, findings=findings())
        assert Contact.objects.count() == 1

    def test_decides_the_tier(self, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, tier=Tier.SUIVI)
        concluded(person, portfolio.adviser.user, tier=Tier.RENFORCE)
        assert track_of(person) == (Tier.RENFORCE, Track.CLASSIC)
        assert Accompaniment.objects.filter(jobseeker=person).count() == 2

    def test_appends_no_period_when_the_tier_stays(self, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, tier=Tier.SUIVI)
        concluded(person, portfolio.adviser.user, tier=Tier.SUIVI)
        assert Accompaniment.objects.filter(jobseeker=person).count() == 1


class TestDraft:
    def test_begins_the_interview_and_keeps_what_was_typed(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        typed = {"situation": "Cherche depuis", "email": "pas encore une adr"}
        registration.save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed=typed)
        interview = RegistrationInterview.objects.get(jobseeker=enrolment.jobseeker)
        assert interview.typed == typed
        assert interview.saved_at is not None
        assert interview.concluded_at is None

    def test_leaves_one_audit_row_per_adviser_however_often_it_saves(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        colleague = PortfolioFactory(agency=portfolio.agency).adviser.user
        for actor in (portfolio.adviser.user, portfolio.adviser.user, colleague, colleague):
            registration.save_draft(actor=actor, enrolment=enrolment, typed={})
        rows = AuditEntry.objects.filter(jobseeker=enrolment.jobseeker, action=AuditAction.INTERVIEW).order_by("pk")
        assert [(row.actor, row.details["event"]) for row in rows] == [
            (portfolio.adviser.user, "registration_interview_started"),
            (colleague, "registration_interview_continued"),
        ]

    def test_is_over_once_the_enrolment_is_decided(self, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        with pytest.raises(NotAllowedNowError, match="déjà été traitée"):
            registration.save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed={"notes": "trop tard"})
        assert not RegistrationInterview.objects.filter(concluded_at=None).exists()


class TestEmail:
    @pytest.fixture
    def person(self, portfolio: Portfolio) -> Jobseeker:
        """A volunteer whose file has lost its e-mail address since the request."""
        waiting = volunteer(portfolio).jobseeker
        Jobseeker.objects.filter(pk=waiting.pk).update(email=None)
        return waiting

    def test_is_added_once_in_lower_case(self, portfolio: Portfolio, person: Jobseeker) -> None:
        for _ in range(2):
            registration.add_email(actor=portfolio.adviser.user, jobseeker=person, email=" Alix@Example.ORG ")
        person.refresh_from_db()
        assert person.email == "alix@example.org"
        assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.UPDATED).count() == 1

    def test_of_another_person_is_refused(self, portfolio: Portfolio, person: Jobseeker) -> None:
        JobseekerFactory(email="prise@example.org")
        with pytest.raises(DomainError, match="autre personne"):
            registration.add_email(actor=portfolio.adviser.user, jobseeker=person, email="prise@example.org")

    def test_of_another_account_is_refused(self, portfolio: Portfolio, person: Jobseeker) -> None:
        with pytest.raises(DomainError, match="autre personne"):
            registration.add_email(actor=portfolio.adviser.user, jobseeker=person, email=portfolio.adviser.user.email)

    def test_never_replaces_one_that_is_there(self, portfolio: Portfolio) -> None:
        person = volunteer(portfolio, email="une@example.org").jobseeker
        with pytest.raises(NotAllowedNowError, match="entre-temps"):
            registration.add_email(actor=portfolio.adviser.user, jobseeker=person, email="autre@example.org")


class TestValidating:
    def test_invites_and_waits_for_the_acceptance(self, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        person = enrolment.jobseeker
        assert enrolment.state == EnrolmentState.VALIDATED
        assert enrolment.equipment_declared_at is not None
        assert track_of(person) == (Tier.GUIDE, Track.CLASSIC)
        assert person.user is not None
        assert not person.user.has_usable_password()
        assert told(person) == [NotificationKind.INVITATION]

    def test_keeps_an_account_that_is_there(self, portfolio: Portfolio) -> None:
        waiting = volunteer(portfolio, with_account=True)
        account = waiting.jobseeker.user
        enrolment = validated(portfolio, enrolment=waiting)
        assert enrolment.jobseeker.user == account

    def test_asks_for_a_concluded_interview_of_the_same_person(self, portfolio: Portfolio) -> None:
        actor = portfolio.adviser.user
        enrolment = volunteer(portfolio)
        begun = open_registration_interview(actor=actor, jobseeker=enrolment.jobseeker)
        of_another = concluded(volunteer(portfolio).jobseeker, actor)
        for interview in (begun, of_another):
            with pytest.raises(DomainError, match="conclu"), transaction.atomic():
                validate_enrolment(actor=actor, enrolment=enrolment, interview=interview)
        own = conclude_registration_interview(actor=actor, interview=begun, findings=findings())
        with transaction.atomic():
            validated_now = validate_enrolment(actor=actor, enrolment=enrolment, interview=own)
        assert validated_now.state == EnrolmentState.VALIDATED

    def test_refuses_once_the_region_has_closed(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        region = portfolio.agency.departement.region
        region.web_opens_on = timezone.localdate() + timedelta(days=1)
        region.save()
        with pytest.raises(DomainError, match="région"):
            validated(portfolio, enrolment=enrolment)
        assert not Placement.objects.exists()
        assert not Contact.objects.exists()
        region.web_opens_on = timezone.localdate()
        region.save()
        assert validated(portfolio, enrolment=enrolment).state == EnrolmentState.VALIDATED

    def test_refuses_an_address_that_opens_another_account(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        UserFactory(email=enrolment.jobseeker.email)
        with pytest.raises(DomainError, match="autre compte"):
            validated(portfolio, enrolment=enrolment)
        assert not Placement.objects.exists()

    def test_happens_once(self, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        with pytest.raises(NotAllowedNowError):
            validated(portfolio, enrolment=enrolment)
        assert told(enrolment.jobseeker) == [NotificationKind.INVITATION]


class TestRefusing:
    def test_has_a_reason_and_tells_it(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        refuse_enrolment(
            actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.EASE, comment="Préfère l'agence."
        )
        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.refusal_reason) == (EnrolmentState.REFUSED, RefusalReason.EASE)
        assert enrolment.closed_by == portfolio.adviser.user
        told_of = Notification.objects.get(jobseeker=enrolment.jobseeker)
        assert told_of.kind == NotificationKind.ENROLMENT_REFUSED
        assert "Préfère" not in str(told_of.context)

    def test_what_is_refused_stays_refused(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        actor = portfolio.adviser.user
        refuse_enrolment(actor=actor, enrolment=enrolment, reason=RefusalReason.EASE)
        with pytest.raises(NotAllowedNowError):
            refuse_enrolment(actor=actor, enrolment=enrolment, reason=RefusalReason.TIER)
        with pytest.raises(NotAllowedNowError):
            validated(portfolio, enrolment=enrolment)

    def test_after_validation_frees_the_place(self, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        refuse_enrolment(actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.NOT_WANTED)
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0

    def test_takes_the_acceptance_with_it(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        person = enrolment.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        refuse_enrolment(actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.EASE)
        assert not Consent.objects.filter(withdrawn_at=None).exists()
        # The next validation needs a new acceptance.
        again = validated(portfolio, enrolment=EnrolmentFactory(jobseeker=person))
        assert again.state == EnrolmentState.VALIDATED


class TestAccepting:
    def test_after_validation_starts_the_track(self, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio, with_account=True)
        person = enrolment.jobseeker
        consent = accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.ACTIVE
        assert enrolment.consent == consent
        assert track_of(person) == (Tier.GUIDE, Track.WEB)
        assert told(person) == [NotificationKind.INVITATION, NotificationKind.TRACK_STARTED]

    def test_before_validation_starts_it_at_validation(self, portfolio: Portfolio) -> None:
        waiting = volunteer(portfolio, with_account=True)
        person = waiting.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert track_of(person) == (Tier.GUIDE, Track.CLASSIC)
        assert validated(portfolio, enrolment=waiting).state == EnrolmentState.ACTIVE
        assert track_of(person) == (Tier.GUIDE, Track.WEB)

    def test_is_only_for_the_person(self, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        text = consent_text_in_force()
        for stranger in (portfolio.adviser.user, UserFactory()):
            with pytest.raises(DomainError, match="elle-même"):
                accept_terms(actor=stranger, jobseeker=person, text=text)
        assert track_of(person) == (Tier.GUIDE, Track.CLASSIC)
        accept_terms(actor=person.user, jobseeker=person, text=text)
        assert track_of(person) == (Tier.GUIDE, Track.WEB)

    def test_is_of_the_version_in_force(self, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        old, new = consent_text_in_force(), ConsentTextFactory()
        with pytest.raises(DomainError, match="changé"):
            accept_terms(actor=person.user, jobseeker=person, text=old)
        assert not Consent.objects.exists()
        accept_terms(actor=person.user, jobseeker=person, text=new)
        assert track_of(person) == (Tier.GUIDE, Track.WEB)

    def test_of_an_older_version_does_not_start_the_track(self, portfolio: Portfolio) -> None:
        waiting = volunteer(portfolio, with_account=True)
        person = waiting.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        new = ConsentTextFactory()
        assert validated(portfolio, enrolment=waiting).state == EnrolmentState.VALIDATED
        accept_terms(actor=person.user, jobseeker=person, text=new)
        assert track_of(person) == (Tier.GUIDE, Track.WEB)
        assert Consent.objects.filter(jobseeker=person, withdrawn_at=None).get().text == new

    def test_twice_keeps_the_first_date(self, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        text = consent_text_in_force()
        first = accept_terms(actor=person.user, jobseeker=person, text=text)
        again = accept_terms(actor=person.user, jobseeker=person, text=text)
        assert first.accepted_at == again.accepted_at
        assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.CONSENT).count() == 1

    def test_asks_for_an_enrolment(self) -> None:
        person = JobseekerFactory(with_account=True)
        text = consent_text_in_force()
        with pytest.raises(NotAllowedNowError, match="pas de demande"):
            accept_terms(actor=person.user, jobseeker=person, text=text)
        EnrolmentFactory(jobseeker=person)
        assert accept_terms(actor=person.user, jobseeker=person, text=text).text == text

    def test_starts_nothing_in_a_region_that_has_closed(self, portfolio: Portfolio) -> None:
        # The validation comes first, and then the opening is moved to a later day.
        with time_machine.travel(timezone.now() - timedelta(days=2)):
            person = validated(portfolio, with_account=True).jobseeker
        region = portfolio.agency.departement.region
        region.web_opens_on = timezone.localdate() + timedelta(days=1)
        region.save()
        with pytest.raises(DomainError, match="région"):
            accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert not Consent.objects.exists()
        region.web_opens_on = date(2013, 12, 2)
        region.save()
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert track_of(person) == (Tier.GUIDE, Track.WEB)


def test_every_step_leaves_its_log_and_its_audit_row(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    leave_track(actor=person.user, jobseeker=person)
    states = EnrolmentEvent.objects.filter(enrolment__jobseeker=person).values_list("to_state", flat=True)
    assert list(states) == ["asked", "validated", "active", "ended"]
    audited = AuditEntry.objects.filter(jobseeker=person, action=AuditAction.ENROLMENT).order_by("pk")
    assert [row.details["to_state"] for row in audited] == list(states)
    assert set(AuditEntry.objects.filter(jobseeker=person).values_list("action", flat=True)) >= {
        AuditAction.ENROLMENT,
        AuditAction.CONSENT,
        AuditAction.ACCOMPANIMENT,
        AuditAction.PLACEMENT,
        AuditAction.CONTACT_PLAN,
        AuditAction.INTERVIEW,
    }
