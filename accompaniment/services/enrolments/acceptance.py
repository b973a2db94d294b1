"""The person's own acceptance of the text, with which a validated track begins."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, LeavingReason, NotificationKind, Role, Tier, Track
from accompaniment.hooks.track_changes import said_at_track_end
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Consent, ConsentText, Enrolment, Jobseeker, User
from accompaniment.reads.contact_plans import plan_sentence
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.presentation import LEAVINGS_TO_YOU, consent_as_shown
from accompaniment.rules.tracks import consent_holds
from accompaniment.services import audit, outbox, plans
from accompaniment.services.enrolments.states import check_eligible, end_what_hangs_on_the_track, move, new_period


def accept_terms(*, actor: User, jobseeker: Jobseeker, text: ConsentText) -> Consent:
    """Record the person's own dated acceptance of the text that was shown; start the track if it is validated.

    Accepting a text twice keeps the first date. A newer version follows the one that was accepted before, which is
    closed at the same instant; a track that runs goes on. What the person had before their eyes is kept.
    Raises DomainError when `text` is not the version in force, when someone else than the person would accept, or
    when a validated track cannot start on this day; NotAllowedNowError when there is no enrolment that it could
    belong to.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        if person.user_id != actor.pk:
            raise DomainError("Seule la personne elle-même peut accepter d'être suivie à distance.")
        if text.pk != ConsentText.objects.latest().pk:
            raise DomainError("Ce texte a changé depuis. Lisez la nouvelle version avant d'accepter.")
        enrolment = Enrolment.objects.select_for_update(of=("self",)).open().filter(jobseeker=person).first()
        if enrolment is None:
            raise NotAllowedNowError("Vous n'avez pas de demande de 100 % web en cours.")
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
    """Return the newest version that has to be accepted; None where none has to."""
    version: int | None = ConsentText.objects.binding().values_list("version", flat=True).first()
    return version


def start_if_ready(enrolment: Enrolment, *, person: Jobseeker, actor: User, at: datetime) -> None:
    """Start the web track when validation and acceptance are both there, in whichever order they came."""
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
    """Let the acceptance fall with the enrolment that it was given for; the next one asks for it again."""
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

    An enrolment that has not begun is withdrawn. The acceptance is withdrawn with it. Nothing happens, and
    nothing is refused, when there is no enrolment any more.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = timezone.now()
        enrolment = Enrolment.objects.select_for_update(of=("self",)).open().filter(jobseeker=person).first()
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
                reason="Sortie du 100 % web",
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
    """End a running track; the letter that says it to the person is the caller's."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    enrolment.leaving_reason = reason
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ENDED)
    withdraw_consent(person, actor=actor, at=at)


def _tell(person: Jobseeker, enrolment: Enrolment, *, by_person: bool) -> None:
    """Say that the track has ended, why unless the person left alone, who follows now, and by which plan."""
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
