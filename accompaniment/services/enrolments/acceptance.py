"""The person's own acceptance of the text, with which a validated track begins."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, LeavingReason, NotificationKind, Role, Tier, Track
from accompaniment.hooks.track_changes import said_at_track_end
from accompaniment.locks import lock_jobseeker, lock_open_enrolment
from accompaniment.models import Consent, ConsentText, Enrolment, Jobseeker, User
from accompaniment.reads.contact_plans import plan_sentence
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.presentation import LEAVINGS_TO_YOU, consent_as_shown
from accompaniment.rules.tracks import consent_holds
from accompaniment.services import audit, outbox, plans
from accompaniment.services.enrolments.states import check_eligible, end_what_hangs_on_the_track, move, new_period
from accompaniment.services.rights import check_acts, check_own


def accept_terms(*, actor: User, jobseeker: Jobseeker, text: ConsentText) -> Consent:
    """Record the person's own dated acceptance of the shown text, and start the track if it is validated.

    Accepting a text twice keeps the first date. The acceptance of a newer version closes the earlier one at the same
    instant, and a running track goes on. The text that the person saw is stored. Raises DomainError if `text` is not
    the version in force, if anybody but the person would accept, or if a validated track cannot start today;
    NotAllowedNowError if there is no enrolment to which the acceptance could belong.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_own(actor, person, "Seule la personne elle-même peut accepter d'être suivie à distance.")
        if text.pk != ConsentText.objects.latest().pk:
            raise DomainError("Ce texte a changé depuis. Lisez la nouvelle version avant d'accepter.")
        enrolment = lock_open_enrolment(person)
        if enrolment is None:
            raise NotAllowedNowError("Vous n'avez pas de demande de 100\u00a0% web en cours.")
        now = timezone.now()
        standing = Consent.objects.standing().filter(jobseeker=person).first()
        if standing is None or standing.text_id != text.pk:
            if standing is not None:
                standing.withdrawn_at = now
                standing.save(update_fields=["withdrawn_at"])
            standing = Consent.objects.create(
                jobseeker=person,
                text=text,
                accepted_at=now,
                shown=consent_as_shown(
                    title=text.title,
                    version=text.version,
                    published_on=text.published_at.astimezone(person.agency.zone).date(),
                    body=text.body,
                ),
            )
            audit.record(actor=actor, jobseeker=person, action=AuditAction.CONSENT, version=text.version)
        start_if_ready(enrolment, person=person, actor=actor, at=now)
        return standing


def binding_version() -> int | None:
    """Return the newest version of the text that people must accept, or None."""
    version: int | None = ConsentText.objects.binding().values_list("version", flat=True).first()
    return version


def start_if_ready(enrolment: Enrolment, *, person: Jobseeker, actor: User, at: datetime) -> None:
    """Start the web track if both validation and acceptance exist, in either order."""
    if enrolment.state != EnrolmentState.VALIDATED:
        return
    consent = Consent.objects.standing().filter(jobseeker=person).select_related("text").first()
    if consent is None or not consent_holds(accepted=consent.text.version, binding=binding_version()):
        return
    check_eligible(person, at)
    enrolment.consent = consent
    enrolment.started_at = at
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ACTIVE)
    new_period(
        person,
        tier=Tier.GUIDE,
        track=Track.WEB,
        at=at,
        actor=enrolment.validated_by,
        reason="Adhésion validée et acceptée",
        enrolment=enrolment,
    )
    outbox.notify_jobseeker(
        key=f"track-started:{enrolment.pk}",
        kind=NotificationKind.TRACK_STARTED,
        jobseeker=person,
        context={"first_name": person.first_name},
    )


def withdraw_consent(person: Jobseeker, *, actor: User | None, at: datetime) -> None:
    """Withdraw the acceptance together with its enrolment. The next enrolment asks for it again."""
    consent = Consent.objects.standing().filter(jobseeker=person).select_related("text").first()
    if consent is None:
        return
    consent.withdrawn_at = at
    consent.save(update_fields=["withdrawn_at"])
    audit.record(
        actor=actor, jobseeker=person, action=AuditAction.CONSENT, event="withdrawn", version=consent.text.version
    )


def leave_track(*, actor: User, jobseeker: Jobseeker) -> Jobseeker:
    """End the person's 100 % web track for good, at once and without any condition.

    An enrolment that has not begun is withdrawn. The acceptance is withdrawn with it. Without an enrolment nothing
    happens, and nothing is refused. Raises NoRightError unless the actor is the person or an adviser who follows them.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.JOBSEEKER, Role.ADVISER))
        now = timezone.now()
        enrolment = lock_open_enrolment(person)
        if enrolment is None:
            return person
        by_person = actor.role == Role.JOBSEEKER
        was_placed = enrolment.state != EnrolmentState.ASKED
        was_active = enrolment.state == EnrolmentState.ACTIVE
        if was_active:
            end_track(enrolment, person=person, actor=actor, at=now, reason=LeavingReason.BY_REQUEST)
            new_period(
                person,
                tier=Tier.GUIDE,
                track=Track.CLASSIC,
                at=now,
                actor=actor,
                reason="Sortie du 100\u00a0% web",
            )
        else:
            enrolment.closed_at = now
            enrolment.closed_by = actor
            move(enrolment, actor=actor, at=now, to_state=EnrolmentState.WITHDRAWN)
            withdraw_consent(person, actor=actor, at=now)
        if was_placed:
            end_what_hangs_on_the_track(person, actor, now)
        if was_active:
            _tell(person, enrolment, by_person=by_person)
        return person


def end_track(
    enrolment: Enrolment,
    *,
    person: Jobseeker,
    actor: User | None,
    at: datetime,
    reason: LeavingReason,
) -> None:
    """End a running track. The caller sends the letter to the person."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    enrolment.leaving_reason = reason
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ENDED)
    withdraw_consent(person, actor=actor, at=at)


def _tell(person: Jobseeker, enrolment: Enrolment, *, by_person: bool) -> None:
    """Tell the person that the track has ended, why (unless they left themselves), who follows them now, and with which
    plan."""
    _, plan = plans.lock_plan(jobseeker=person)
    outbox.notify_jobseeker(
        key=f"track-ended:{enrolment.pk}",
        kind=NotificationKind.TRACK_ENDED,
        jobseeker=person,
        context={
            "first_name": person.first_name,
            "reason": "" if by_person else LEAVINGS_TO_YOU[LeavingReason(enrolment.leaving_reason)],
            "carried": [sentence for say in said_at_track_end for sentence in say(person)],
            "plan": plan_sentence(plan, today=timezone.localdate(timezone=person.agency.zone)) if plan else "",
        },
    )
