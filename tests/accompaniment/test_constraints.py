"""What the database itself refuses, whoever writes.

Each refused row is paired with a row that differs by one fact and is accepted.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Bandwidth,
    Channel,
    EnrolmentState,
    LeavingReason,
    Modality,
    NotificationKind,
    ObligationKind,
    ObligationState,
    RefusalReason,
    Role,
    Tier,
    Track,
)
from accompaniment.models import (
    Accompaniment,
    ActivationLink,
    Agency,
    AuditEntry,
    ContactPlan,
    DeviceCheck,
    Enrolment,
    Jobseeker,
    Notification,
    Obligation,
    OnSiteRequest,
    OpeningHours,
    PlanDefault,
    RegistrationInterview,
    User,
)
from accompaniment.services import audit
from tests.accompaniment.factories import AgencyFactory, EnrolmentFactory, JobseekerFactory, UserFactory
from tests.accompaniment.refusals import refused
from tests.caseload.factories import PortfolioFactory, on_web_track, validated

pytestmark = pytest.mark.django_db


def settle() -> None:
    """Check the deferred constraints now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class TestPeriods:
    """Invariants 1 and 2."""

    def period(self, person: Jobseeker, **facts: Any) -> Accompaniment:
        now = timezone.now()
        return Accompaniment.objects.create(
            **{"jobseeker": person, "tier": Tier.GUIDE, "track": Track.CLASSIC, "started_at": now, **facts}
        )

    def end_current(self, person: Jobseeker, at: Any = None) -> None:
        Accompaniment.objects.current().filter(jobseeker=person).update(ended_at=at or timezone.now())

    def test_two_current_ones(self) -> None:
        person = JobseekerFactory()
        with refused("accompaniment_one_current|accompaniment_never_overlaps"):
            self.period(person)
        self.end_current(person)
        self.period(person)
        settle()

    def test_overlapping_ones(self) -> None:
        now = timezone.now()
        person = JobseekerFactory(since=now - timedelta(days=10))
        with refused("accompaniment_never_overlaps"):
            self.period(person, started_at=now - timedelta(days=20), ended_at=now - timedelta(days=9))
        # Periods may touch without overlapping.
        self.period(person, started_at=now - timedelta(days=20), ended_at=now - timedelta(days=10))

    def test_none_at_the_end_of_the_transaction(self) -> None:
        person = JobseekerFactory()
        with refused("jobseeker_has_accompaniment"):
            self.end_current(person)
            settle()
        with transaction.atomic():
            self.end_current(person)
            self.period(person)
            settle()

    def test_a_person_without_any(self) -> None:
        person = JobseekerFactory()
        person.pk = None
        person.identifier, person.email = "7654321Z", None
        with refused("jobseeker_has_accompaniment"):
            person.save(force_insert=True)
            settle()
        person.pk = None
        with transaction.atomic():
            person.save(force_insert=True)
            self.period(person)
            settle()

    def test_one_that_ends_before_it_begins(self) -> None:
        now = timezone.now()
        person = JobseekerFactory(since=now - timedelta(days=1))
        with refused("accompaniment_in_order"):
            self.end_current(person, at=now - timedelta(days=1))
        self.end_current(person, at=now)
        self.period(person)

    def test_values_outside_the_lists(self) -> None:
        person = JobseekerFactory()
        self.end_current(person)
        with refused("accompaniment_known_values"):
            self.period(person, tier="autre")
        self.period(person)

    def test_web_without_an_enrolment(self) -> None:
        person = JobseekerFactory()
        enrolment = EnrolmentFactory(jobseeker=person)
        self.end_current(person)
        with refused("accompaniment_web_from_enrolment"):
            self.period(person, track=Track.WEB)
        with refused("accompaniment_web_from_enrolment"):
            self.period(person, track=Track.CLASSIC, enrolment=enrolment)
        self.period(person, track=Track.WEB, enrolment=enrolment)

    @pytest.mark.parametrize("tier", [Tier.SUIVI, Tier.RENFORCE])
    def test_web_with_another_tier(self, tier: Tier) -> None:
        person = JobseekerFactory()
        enrolment = EnrolmentFactory(jobseeker=person)
        self.end_current(person)
        with refused("accompaniment_web_only_guide"):
            self.period(person, track=Track.WEB, enrolment=enrolment, tier=tier)
        self.period(person, track=Track.WEB, enrolment=enrolment, tier=Tier.GUIDE)


class TestHistory:
    """Invariants 1 and 15: histories are only appended to."""

    def replace(self, period: Accompaniment) -> None:
        """End the period and begin the next one."""
        now = timezone.now()
        Accompaniment.objects.filter(pk=period.pk).update(ended_at=now)
        Accompaniment.objects.create(jobseeker=period.jobseeker, tier=Tier.SUIVI, started_at=now)

    @pytest.mark.parametrize(
        "change",
        [
            {"tier": Tier.SUIVI},
            {"reason": "autre"},
            {"started_at": timezone.now() - timedelta(days=99)},
        ],
        ids=["tier", "reason", "start"],
    )
    def test_a_period_changes_in_nothing_but_its_end(self, change: dict[str, Any]) -> None:
        period = Accompaniment.objects.get(jobseeker=JobseekerFactory())
        with refused("can only be ended"):
            Accompaniment.objects.filter(pk=period.pk).update(**change)
        self.replace(period)

    def test_an_ended_period_is_not_ended_again(self) -> None:
        period = Accompaniment.objects.get(jobseeker=JobseekerFactory())
        self.replace(period)
        for at in (None, timezone.now() + timedelta(days=1)):
            with refused("can only be ended"):
                Accompaniment.objects.filter(pk=period.pk).update(ended_at=at)

    def test_a_period_is_not_deleted(self) -> None:
        period = Accompaniment.objects.get(jobseeker=JobseekerFactory())
        with refused("append-only"):
            Accompaniment.objects.filter(pk=period.pk)._raw_delete("default")

    def test_an_audit_row_can_be_added(self) -> None:
        audit.record(actor=None, jobseeker=None, action=AuditAction.READ)
        assert AuditEntry.objects.count() == 1


class TestEnrolment:
    """Invariant 3: the state fits the dates."""

    def update(self, enrolment: Enrolment, **fields: Any) -> None:
        Enrolment.objects.filter(pk=enrolment.pk).update(**fields)

    def test_an_unknown_state(self) -> None:
        with refused("enrolment_state_known|enrolment_closed_or_open"):
            self.update(EnrolmentFactory(), state="autre", closed_at=timezone.now())

    def test_two_open_ones(self) -> None:
        person = EnrolmentFactory().jobseeker
        with refused("enrolment_one_open"):
            Enrolment.objects.create(jobseeker=person, asked_at=timezone.now())
        Enrolment.objects.create(
            jobseeker=person,
            asked_at=timezone.now(),
            state=EnrolmentState.WITHDRAWN,
            closed_at=timezone.now(),
        )

    @pytest.mark.parametrize("state", [EnrolmentState.LAPSED, EnrolmentState.WITHDRAWN])
    def test_closed_without_a_date(self, state: EnrolmentState) -> None:
        enrolment = EnrolmentFactory()
        with refused("enrolment_closed_or_open"):
            self.update(enrolment, state=state)
        with refused("enrolment_closed_or_open"):
            self.update(enrolment, closed_at=timezone.now())
        self.update(enrolment, state=state, closed_at=timezone.now())

    @pytest.mark.parametrize(
        "missing",
        [
            {"validated_at": None},
            {"validated_by": None},
            {"interview": None},
            {"equipment_declared_at": None},
            {"has_webcam": None},
            {"bandwidth": ""},
        ],
        ids=lambda missing: next(iter(missing)),
    )
    def test_validated_without_its_proof(self, missing: dict[str, Any]) -> None:
        enrolment = validated(PortfolioFactory())
        with refused("enrolment_validated_with_proof"):
            self.update(enrolment, **missing)
        self.update(enrolment, bandwidth=Bandwidth.POOR)

    @pytest.mark.parametrize(
        "missing", [{"consent": None}, {"started_at": None}], ids=lambda missing: next(iter(missing))
    )
    def test_started_without_the_acceptance(self, missing: dict[str, Any]) -> None:
        enrolment = Enrolment.objects.get(jobseeker=on_web_track())
        with refused("enrolment_started_with_consent"):
            self.update(enrolment, **missing)

    def test_a_beginning_before_it_is_active(self) -> None:
        with refused("enrolment_started_with_consent"):
            self.update(validated(PortfolioFactory()), started_at=timezone.now())

    def test_refused_without_a_reason_or_without_a_name(self) -> None:
        enrolment = EnrolmentFactory()
        adviser = UserFactory(role=Role.ADVISER)
        refusal = {"state": EnrolmentState.REFUSED, "closed_at": timezone.now()}
        with refused("enrolment_refused_with_reason"):
            self.update(enrolment, **refusal, closed_by=adviser)
        with refused("enrolment_refused_with_reason"):
            self.update(enrolment, **refusal, refusal_reason=RefusalReason.EASE)
        self.update(enrolment, **refusal, closed_by=adviser, refusal_reason=RefusalReason.EASE)

    def test_a_reason_without_a_refusal(self) -> None:
        with refused("enrolment_refused_with_reason"):
            self.update(EnrolmentFactory(), refusal_reason=RefusalReason.EASE)

    def test_ended_without_a_reason(self) -> None:
        enrolment = Enrolment.objects.get(jobseeker=on_web_track())
        with refused("enrolment_ended_with_reason"):
            self.update(enrolment, state=EnrolmentState.ENDED, closed_at=timezone.now())
        self.update(
            enrolment,
            state=EnrolmentState.ENDED,
            closed_at=timezone.now(),
            leaving_reason=LeavingReason.BY_REQUEST,
        )


class TestRegistrationInterview:
    def interview(self, person: Jobseeker, **facts: Any) -> RegistrationInterview:
        return RegistrationInterview.objects.create(
            **{
                "jobseeker": person,
                "agency": person.agency,
                "conducted_by": UserFactory(role=Role.ADVISER),
                "started_at": timezone.now(),
                **facts,
            }
        )

    def test_one_in_progress_per_person(self) -> None:
        person = JobseekerFactory()
        self.interview(person)
        with refused("registration_interview_one_open"):
            self.interview(person)

    @pytest.mark.parametrize("missing", [{"identity_checked": False}, {"tier": ""}])
    def test_concluded_without_identity_or_tier(self, missing: dict[str, Any]) -> None:
        person = JobseekerFactory()
        facts = {"concluded_at": timezone.now(), "identity_checked": True, "tier": Tier.GUIDE}
        with refused("registration_interview_concluded"):
            self.interview(person, **{**facts, **missing})
        self.interview(person, **facts)


class TestPlan:
    """Invariant 9, and the mandatory fields of a plan."""

    def plan(self, person: Jobseeker, **facts: Any) -> ContactPlan:
        return ContactPlan.objects.create(
            **{
                "jobseeker": person,
                "channel": Channel.VIDEO,
                "interval_days": 28,
                "reason": "Convenu",
                "starts_on": date(2026, 1, 1),
                "review_on": date(2026, 6, 1),
                **facts,
            }
        )

    def obligation(self, plan: ContactPlan, first: date, end: date, **facts: Any) -> Obligation:
        return Obligation.objects.create(
            **{
                "jobseeker": plan.jobseeker,
                "kind": ObligationKind.FOLLOW_UP_INTERVIEW,
                "plan": plan,
                "period": DateRange(first, end),
                "due_on": end - timedelta(days=1),
                **facts,
            }
        )

    @pytest.mark.parametrize(
        ("facts", "by"),
        [
            ({"interval_days": 6}, "contact_plan_interval"),
            ({"interval_days": 367}, "contact_plan_interval"),
            ({"reason": ""}, "contact_plan_has_reason"),
            ({"review_on": date(2026, 1, 1)}, "contact_plan_reviewed_later"),
            ({"ended_on": date(2025, 12, 31)}, "contact_plan_in_order"),
        ],
    )
    def test_a_plan_that_makes_no_sense(self, facts: dict[str, Any], by: str) -> None:
        with refused(by):
            self.plan(JobseekerFactory(), **facts)
        self.plan(JobseekerFactory())

    def test_two_current_plans(self) -> None:
        person = JobseekerFactory()
        first = self.plan(person)
        with refused("contact_plan_one_current"):
            self.plan(person)
        first.ended_on = date(2026, 2, 1)
        first.save()
        self.plan(person)

    def test_overlapping_obligations(self) -> None:
        plan = self.plan(JobseekerFactory())
        first = self.obligation(plan, date(2026, 1, 1), date(2026, 1, 29))
        with refused("obligation_one_per_period"):
            self.obligation(plan, date(2026, 1, 28), date(2026, 2, 25))
        self.obligation(plan, date(2026, 1, 29), date(2026, 2, 26))
        # A waived obligation does not count.
        first.state, first.waived_at, first.waived_reason = ObligationState.WAIVED, timezone.now(), "Changement"
        first.save()
        self.obligation(plan, date(2026, 1, 1), date(2026, 1, 29))

    @pytest.mark.parametrize(
        "facts",
        [
            {"state": ObligationState.HELD},
            {"state": ObligationState.WAIVED, "waived_at": timezone.now()},
            {"state": ObligationState.WAIVED, "waived_reason": "Changement"},
            {"held_at": timezone.now()},
        ],
    )
    def test_an_obligation_whose_dates_do_not_fit_its_state(self, facts: dict[str, Any]) -> None:
        with refused("obligation_state_and_dates"):
            self.obligation(self.plan(JobseekerFactory()), date(2026, 1, 1), date(2026, 1, 29), **facts)

    def test_an_obligation_without_a_period(self) -> None:
        day = date(2026, 1, 1)
        with refused("obligation_period_not_empty|obligation_due_in_period"):
            self.obligation(self.plan(JobseekerFactory()), day, day, due_on=day)

    def test_a_default_once_per_modality_and_day(self) -> None:
        facts = {
            "modality": Modality.GUIDE,
            "starts_on": date(2026, 1, 1),
            "channel": Channel.VIDEO,
            "interval_days": 28,
            "review_after_days": 90,
        }
        PlanDefault.objects.create(**facts)
        with refused("plan_default_once"):
            PlanDefault.objects.create(**facts)
        with refused("plan_default_sane"):
            PlanDefault.objects.create(**{**facts, "starts_on": date(2026, 2, 1), "interval_days": 3})
        PlanDefault.objects.create(**{**facts, "starts_on": date(2026, 2, 1)})

    def test_a_request_for_the_agency_is_answered_by_somebody(self) -> None:
        request = OnSiteRequest.objects.create(jobseeker=JobseekerFactory(), asked_at=timezone.now())
        with refused("on_site_request_answered_by_someone"):
            OnSiteRequest.objects.filter(pk=request.pk).update(answered_at=timezone.now())
        OnSiteRequest.objects.filter(pk=request.pk).update(
            answered_at=timezone.now(), answered_by=UserFactory(role=Role.ADVISER)
        )


class TestPeople:
    @pytest.mark.parametrize("identifier", ["123456A", "12345678", "1234567a", "A1234567", "1234567AB"])
    def test_an_identifier_that_is_none(self, identifier: str) -> None:
        person = JobseekerFactory()
        with pytest.raises((IntegrityError, DataError)), transaction.atomic():
            Jobseeker.objects.filter(pk=person.pk).update(identifier=identifier)
        Jobseeker.objects.filter(pk=person.pk).update(identifier="1234567A")

    @pytest.mark.parametrize("email", ["", "Alix@example.org"])
    def test_an_address_that_is_not_in_lower_case(self, email: str) -> None:
        person = JobseekerFactory()
        with refused("jobseeker_email_lower_case"):
            Jobseeker.objects.filter(pk=person.pk).update(email=email)
        Jobseeker.objects.filter(pk=person.pk).update(email="alix@example.org")

    def test_an_identifier_or_an_address_that_somebody_has(self) -> None:
        person = JobseekerFactory(identifier="1234567A", email="alix@example.org")
        other = JobseekerFactory(identifier="1234567B", email=None)
        JobseekerFactory(email=None)
        for field, constraint in (("identifier", "jobseeker_identifier_once"), ("email", "jobseeker_email_once")):
            with refused(constraint):
                Jobseeker.objects.filter(pk=other.pk).update(**{field: getattr(person, field)})
        Jobseeker.objects.filter(pk=other.pk).update(identifier="1234567C", email="camille@example.org")

    def test_an_account_with_capitals_or_without_a_role(self) -> None:
        user = UserFactory()
        with refused("user_email_lower_case"):
            User.objects.filter(pk=user.pk).update(email="Camille@example.org")
        with refused("user_role_known"):
            User.objects.filter(pk=user.pk).update(role="autre")

    def test_an_activation_link_that_never_expires(self) -> None:
        now = timezone.now()
        with refused("activation_link_expires"):
            ActivationLink.objects.create(user=UserFactory(), digest="0" * 64, created_at=now, expires_at=now)

    def test_hours_that_end_before_they_begin_or_on_no_weekday(self) -> None:
        hours = AgencyFactory().opening_hours.first()
        with refused("opening_hours_in_order"):
            OpeningHours.objects.filter(pk=hours.pk).update(closes_at=hours.opens_at)
        with refused("opening_hours_weekday"):
            OpeningHours.objects.filter(pk=hours.pk).update(weekday=7)


class TestNotification:
    def test_the_same_thing_is_told_once(self) -> None:
        now = timezone.now()
        facts: dict[str, Any] = {
            "kind": NotificationKind.INVITATION,
            "email": "alix@example.org",
            "created_at": now,
            "next_try_at": now,
        }
        row = Notification.objects.create(key="une", **facts)
        with refused("key"):
            Notification.objects.create(key="une", **facts)
        with refused("notification_sent_or_given_up"):
            Notification.objects.filter(pk=row.pk).update(sent_at=now, given_up_at=now)
        with refused("notification_tried_after_creation"):
            Notification.objects.filter(pk=row.pk).update(next_try_at=now - timedelta(seconds=1))
        Notification.objects.filter(pk=row.pk).update(sent_at=now)


@pytest.mark.parametrize(
    ("table", "known", "values", "column", "model"),
    [
        (
            "devicecheck",
            "jobseeker_id, at, camera, microphone, connection, device",
            "%(person)s, now(), true, true, 'good', ''",
            "without_microphone",
            DeviceCheck,
        ),
        (
            "agency",
            "code, name, departement_id, address, postal_code, commune",
            "'Z', '', %(place)s, '', '', ''",
            "phone",
            Agency,
        ),
    ],
    ids=["device check", "agency"],
)
def test_a_release_that_still_runs_after_the_migration_writes_its_rows(
    table: str, known: str, values: str, column: str, model: Any
) -> None:
    """Kind: a new column that a row must have, and that the earlier release does not know."""
    person = JobseekerFactory()
    facts = {"person": person.pk, "place": person.agency.departement_id}
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO accompaniment_{table} ({known}) VALUES ({values})", facts)
    assert not getattr(model.objects.order_by("pk").last(), column)
