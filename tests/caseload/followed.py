"""Writes the rows of a person on the web track, the same rows that the services leave.

Hundreds of tests begin with such a person, and the services need about a hundred statements for one. These rows need
twenty. `test_followed.py` compares them with those of the services. Where the rows are committed, open pages are told,
as the services tell them.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Bandwidth,
    Channel,
    ContactNature,
    EnrolmentState,
    Modality,
    NotificationKind,
    Tier,
    Track,
)
from accompaniment.hooks.desk_events import tell_desks
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    ConsentText,
    Contact,
    ContactPlan,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    Notification,
    RegistrationInterview,
    User,
)
from accompaniment.reads.contact_plans import default_plan
from accompaniment.rules.presentation import consent_as_shown
from accompaniment.services.outbox import with_names
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import OPENED_ON, JobseekerFactory

SITUATION = "Cherche un poste d'assistante depuis deux mois."
STARTED = "Adhésion validée et acceptée"

ORDINARY = {"first_name", "last_name", "identifier", "email", "phone", "commune", "postal_code", "rome", "with_account"}
"""Facts that change nothing but their own column."""


def is_taken_back() -> bool:
    """Tell whether this test is rolled back, so that nothing is announced to anybody."""
    return any(vars(block)["_from_testcase"] for block in connection.atomic_blocks)


def is_ordinary(portfolio: Portfolio, person: dict[str, Any]) -> bool:
    """Tell whether the services would accept the person and write these rows."""
    return (
        person.keys() <= ORDINARY
        and person.get("with_account", True)
        and portfolio.modality == Modality.GUIDE_WEB
        and Portfolio.objects.filter(
            pk=portfolio.pk, occupied__lt=F("capacity"), agency__departement__region__web_opens_on__lte=OPENED_ON
        ).exists()
    )


def write_followed(portfolio: Portfolio, text: ConsentText, **person: Any) -> Jobseeker:
    """Return a person with an account who has just asked, been validated into the portfolio, and accepted."""
    adviser = portfolio.adviser.user
    with transaction.atomic(savepoint=False):
        jobseeker: Jobseeker = JobseekerFactory(
            agency=portfolio.agency,
            has_webcam=True,
            bandwidth=Bandwidth.GOOD,
            preferred_channel=Channel.VIDEO,
            **person,
        )
        now = timezone.now()
        interview = RegistrationInterview.objects.create(
            jobseeker=jobseeker,
            agency=portfolio.agency,
            conducted_by=adviser,
            started_at=now,
            concluded_at=now,
            identity_checked=True,
            situation=SITUATION,
            tier=Tier.GUIDE,
            has_webcam=True,
            bandwidth=Bandwidth.GOOD,
            at_ease=True,
            preferred_channel=Channel.VIDEO,
        )
        consent = Consent.objects.create(
            jobseeker=jobseeker,
            text=text,
            accepted_at=now,
            shown=consent_as_shown(
                title=text.title,
                version=text.version,
                published_on=text.published_at.astimezone(jobseeker.agency.zone).date(),
                body=text.body,
            ),
        )
        enrolment = Enrolment.objects.create(
            jobseeker=jobseeker,
            state=EnrolmentState.ACTIVE,
            asked_at=now,
            interview=interview,
            equipment_declared_at=now,
            has_webcam=True,
            bandwidth=Bandwidth.GOOD,
            validated_at=now,
            validated_by=adviser,
            consent=consent,
            started_at=now,
        )
        Accompaniment.objects.filter(jobseeker=jobseeker).update(ended_at=now)
        Accompaniment.objects.create(
            jobseeker=jobseeker,
            tier=Tier.GUIDE,
            track=Track.WEB,
            enrolment=enrolment,
            started_at=now,
            decided_by=adviser,
            reason=STARTED,
        )
        Contact.objects.create(
            jobseeker=jobseeker,
            at=now,
            channel=Channel.ON_SITE,
            nature=ContactNature.REGISTRATION_INTERVIEW,
            author=adviser,
            summary="Accompagnement décidé\u00a0: «\u00a0guidé\u00a0».",
            source=f"registration-interview:{interview.pk}",
        )
        placement = Placement.objects.create(
            portfolio=portfolio, jobseeker=jobseeker, started_at=now, decided_by=adviser
        )
        plan = _write_plan(jobseeker, adviser)
        _write_history(enrolment, placement, plan)
        _write_letters(enrolment)
    return jobseeker


def _write_plan(jobseeker: Jobseeker, adviser: User) -> ContactPlan | None:
    """Begin the usual plan of the day on which the person accepted."""
    day = timezone.localdate(timezone=jobseeker.agency.zone)
    usual = default_plan(modality=Modality.GUIDE_WEB, day=day)
    return usual and ContactPlan.objects.create(
        jobseeker=jobseeker,
        nature=ContactNature.INTERVIEW,
        channel=usual.channel,
        interval_days=usual.interval_days,
        reason="Rythme habituel de cet accompagnement",
        review_on=day + timedelta(days=usual.review_after_days),
        starts_on=day,
        decided_by=adviser,
    )


def _write_history(enrolment: Enrolment, placement: Placement, plan: ContactPlan | None) -> None:
    """Write the acts in their order."""
    jobseeker, adviser, at = enrolment.jobseeker, enrolment.validated_by, enrolment.asked_at
    person = jobseeker.user
    moves = (
        (None, "", EnrolmentState.ASKED),
        (adviser, EnrolmentState.ASKED, EnrolmentState.VALIDATED),
        (person, EnrolmentState.VALIDATED, EnrolmentState.ACTIVE),
    )
    EnrolmentEvent.objects.bulk_create(
        EnrolmentEvent(enrolment=enrolment, at=at, actor=actor, from_state=before, to_state=after)
        for actor, before, after in moves
    )
    asked, validated, active = (
        (actor, AuditAction.ENROLMENT, {"enrolment": enrolment.pk, "from_state": before, "to_state": after})
        for actor, before, after in moves
    )
    acts = [
        asked,
        (adviser, AuditAction.INTERVIEW, {"event": "registration_interview_started"}),
        (adviser, AuditAction.INTERVIEW, {"event": "registration_interview_concluded", "tier": Tier.GUIDE}),
        validated,
        (adviser, AuditAction.PLACEMENT, {"event": "placed", "portfolio": placement.portfolio_id}),
        (person, AuditAction.CONSENT, {"version": enrolment.consent.text.version}),
        active,
    ]
    if plan is not None:
        facts = {"nature": plan.nature, "channel": plan.channel, "interval_days": plan.interval_days}
        acts.append((adviser, AuditAction.CONTACT_PLAN, {"event": "begun", **facts}))
    acts.append((adviser, AuditAction.ACCOMPANIMENT, {"tier": Tier.GUIDE, "track": Track.WEB, "reason": STARTED}))
    AuditEntry.objects.bulk_create(
        AuditEntry(at=at, actor=actor, jobseeker=jobseeker, action=action, details=details)
        for actor, action, details in acts
    )
    if not is_taken_back():
        for _, action, _ in acts:
            tell_desks(jobseeker, action)


def _write_letters(enrolment: Enrolment) -> None:
    """Put into the outbox what the person is told."""
    jobseeker, adviser, at = enrolment.jobseeker, enrolment.validated_by, enrolment.asked_at
    told = {"first_name": jobseeker.first_name}
    invited = {"adviser": adviser, "follower": adviser, "carried": [], **told}
    Notification.objects.bulk_create(
        Notification(
            key=f"{name}:{enrolment.pk}",
            kind=kind,
            user=jobseeker.user,
            jobseeker=jobseeker,
            email=jobseeker.email,
            context=with_names(context),
            created_at=at,
            next_try_at=at,
        )
        for name, kind, context in (
            ("invitation", NotificationKind.INVITATION, invited),
            ("track-started", NotificationKind.TRACK_STARTED, told),
        )
    )
