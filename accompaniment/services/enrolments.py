"""Enrolment in the 100 % web track, from the wish to the end, and the periods of accompaniment.

Lock order of the house: the person first, then the portfolio, then everything else.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Channel,
    ContactNature,
    EnrolmentState,
    LeavingReason,
    NotificationKind,
    RefusalReason,
    Role,
    Tier,
    Track,
)
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import (
    Accompaniment,
    Consent,
    ConsentText,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    RegistrationInterview,
    User,
)
from accompaniment.rules import ENROLMENT_TRANSITIONS, NOT_ELIGIBLE_SENTENCES, not_eligible_reason
from accompaniment.services import audit, journal, outbox, plans
from accompaniment.track_changes import on_track_end


@dataclass(frozen=True, kw_only=True)
class InterviewFindings:
    """What the adviser has established in the registration interview."""

    identity_checked: bool
    situation: str
    tier: Tier
    has_webcam: bool
    bandwidth: str
    at_ease: bool
    preferred_channel: str
    notes: str


def lock_jobseeker(pk: int) -> Jobseeker:
    """Lock a person's row; every service that moves an enrolment, a period or a placement begins with it."""
    return (
        Jobseeker.objects.select_for_update(of=("self",))
        .select_related("agency__departement__region", "user")
        .get(pk=pk)
    )


def ask_enrolment(*, actor: User | None, jobseeker: Jobseeker) -> Enrolment:
    """Record the person's wish to be followed 100 % web.

    Raises DomainError when the person is not eligible today, or when an enrolment is open already.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = timezone.now()
        _check_eligible(person, now)
        try:
            with transaction.atomic():
                enrolment = Enrolment.objects.create(
                    jobseeker=person, asked_at=now, has_webcam=person.has_webcam, bandwidth=person.bandwidth
                )
        except IntegrityError as error:
            raise NotAllowedNowError("Une adhésion est déjà en cours pour cette personne.") from error
        _log(enrolment, actor=actor, at=now, from_state="", to_state=EnrolmentState.ASKED)
        return enrolment


def open_registration_interview(*, actor: User, jobseeker: Jobseeker) -> RegistrationInterview:
    """Return the person's registration interview in progress, begun now if there is none."""
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        interview = RegistrationInterview.objects.filter(jobseeker=person, concluded_at=None).first()
        if interview is None:
            interview = RegistrationInterview.objects.create(
                jobseeker=person,
                agency=person.agency,
                conducted_by=actor,
                started_at=timezone.now(),
                has_webcam=person.has_webcam,
                bandwidth=person.bandwidth,
                tier=current_accompaniment(person).tier,
            )
            audit.record(
                actor=actor, jobseeker=person, action=AuditAction.INTERVIEW, event="registration_interview_started"
            )
        return interview


def conclude_registration_interview(
    *, actor: User, interview: RegistrationInterview, findings: InterviewFindings
) -> RegistrationInterview:
    """Close the registration interview with its findings, decide the tier and write the journal.

    Raises DomainError when the identity was not checked, NotAllowedNowError when it is closed already.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        interview.refresh_from_db(from_queryset=RegistrationInterview.objects.select_for_update(of=("self",)))
        if interview.concluded_at is not None:
            raise NotAllowedNowError("Cet entretien d'inscription est déjà conclu. Rechargez la page.")
        if not findings.identity_checked:
            raise DomainError("Vérifiez l'identité de la personne avant de conclure l'entretien.")
        now = timezone.now()
        interview.conducted_by = actor
        interview.concluded_at = now
        interview.identity_checked = findings.identity_checked
        interview.situation = findings.situation
        interview.has_webcam = findings.has_webcam
        interview.bandwidth = findings.bandwidth
        interview.at_ease = findings.at_ease
        interview.preferred_channel = findings.preferred_channel
        interview.tier = findings.tier
        interview.notes = findings.notes
        interview.typed = {}
        interview.save()
        person.has_webcam = findings.has_webcam
        person.bandwidth = findings.bandwidth
        person.save(update_fields=["has_webcam", "bandwidth", "updated_at"])
        if current_accompaniment(person).tier != findings.tier:
            change_tier(actor=actor, jobseeker=person, tier=findings.tier, reason="Décidé à l'entretien d'inscription")
        journal.write_contact(
            jobseeker=person,
            at=now,
            channel=Channel.ON_SITE,
            nature=ContactNature.REGISTRATION_INTERVIEW,
            author=actor,
            summary=f"Modalité décidée : {Tier(findings.tier).label.lower()}.",
            source=f"registration-interview:{interview.pk}",
        )
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.INTERVIEW,
            event="registration_interview_concluded",
            tier=findings.tier,
        )
        return interview


def validate_enrolment(*, actor: User, enrolment: Enrolment, interview: RegistrationInterview) -> Enrolment:
    """Validate a volunteer at the registration interview, invite the person, start the track if it is accepted.

    Runs in the caller's transaction, which also places the person. Raises DomainError when the person is not
    eligible on this day, NotAllowedNowError when the enrolment has moved on.
    """
    person = lock_jobseeker(enrolment.jobseeker_id)
    enrolment = _locked(enrolment.pk)
    _check_transition(enrolment, EnrolmentState.VALIDATED)
    now = timezone.now()
    _check_eligible(person, now)
    if interview.concluded_at is None or interview.jobseeker_id != person.pk:
        raise DomainError("L'entretien d'inscription doit être conclu avant de valider l'adhésion.")
    enrolment.interview = interview
    enrolment.equipment_declared_at = interview.concluded_at
    enrolment.has_webcam = interview.has_webcam
    enrolment.bandwidth = interview.bandwidth
    enrolment.validated_at = now
    enrolment.validated_by = actor
    _move(enrolment, actor=actor, at=now, to_state=EnrolmentState.VALIDATED)
    _give_account(person)
    outbox.notify_jobseeker(
        key=f"invitation:{enrolment.pk}",
        kind=NotificationKind.INVITATION,
        jobseeker=person,
        context={"adviser": actor.full_name, "first_name": person.first_name},
    )
    _start_if_ready(enrolment, person=person, actor=actor, at=now)
    return enrolment


def refuse_enrolment(
    *,
    actor: User,
    enrolment: Enrolment,
    reason: RefusalReason,
    comment: str = "",
    interview: RegistrationInterview | None = None,
) -> Enrolment:
    """Refuse a volunteer with a reason, and tell the person; the acceptance falls with it.

    `interview` is the registration interview at which it was decided, if it was.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        enrolment = _locked(enrolment.pk)
        _check_transition(enrolment, EnrolmentState.REFUSED)
        now = timezone.now()
        was_validated = enrolment.state == EnrolmentState.VALIDATED
        enrolment.refusal_reason = reason
        enrolment.comment = comment
        enrolment.interview = interview or enrolment.interview
        enrolment.closed_by = actor
        enrolment.closed_at = now
        _move(enrolment, actor=actor, at=now, to_state=EnrolmentState.REFUSED)
        _withdraw_consent(person, actor=actor, at=now)
        if was_validated:
            _carry_along(person, actor, now)
        outbox.notify_jobseeker(
            key=f"enrolment-refused:{enrolment.pk}",
            kind=NotificationKind.ENROLMENT_REFUSED,
            jobseeker=person,
            context={"reason": RefusalReason(reason).label, "first_name": person.first_name},
        )
        return enrolment


def accept_terms(*, actor: User, jobseeker: Jobseeker, text: ConsentText) -> Consent:
    """Record the person's own dated acceptance of the text that was shown; start the track if it is validated.

    Accepting a text twice keeps the first date. Raises DomainError when `text` is not the version in force, when
    someone else than the person would accept, or when a validated track cannot start on this day;
    NotAllowedNowError when there is no enrolment that it could belong to.
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
        standing = Consent.objects.filter(jobseeker=person, withdrawn_at=None).first()
        if standing is None or standing.text_id != text.pk:
            if standing is not None:
                standing.withdrawn_at = now
                standing.save(update_fields=["withdrawn_at"])
            standing = Consent.objects.create(jobseeker=person, text=text, accepted_at=now)
            audit.record(actor=actor, jobseeker=person, action=AuditAction.CONSENT, version=text.version)
        _start_if_ready(enrolment, person=person, actor=actor, at=now)
        return standing


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
        if enrolment.state == EnrolmentState.ACTIVE:
            _end_track(enrolment, person=person, actor=actor, at=now, reason=LeavingReason.BY_REQUEST)
            _new_period(
                person,
                tier=Tier.GUIDE,
                track=Track.CLASSIC,
                at=now,
                actor=actor,
                reason="Sortie du 100 % web" + (" demandée par la personne" if by_person else ""),
            )
        else:
            enrolment.closed_at = now
            enrolment.closed_by = actor
            _move(enrolment, actor=actor, at=now, to_state=EnrolmentState.WITHDRAWN)
            _withdraw_consent(person, actor=actor, at=now)
        if was_placed:
            _carry_along(person, actor, now)
        return person


def change_tier(*, actor: User | None, jobseeker: Jobseeker, tier: Tier, reason: str) -> Accompaniment:
    """Move the person to another tier; a 100 % web track ends in the same transaction.

    An enrolment that was validated and waits for the acceptance lapses. One that waits for its registration
    interview stays: the tier is decided there.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        current = current_accompaniment(person)
        if current.tier == tier:
            return current
        now = timezone.now()
        enrolment = (
            Enrolment.objects.select_for_update(of=("self",))
            .filter(jobseeker=person, state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE))
            .first()
        )
        if enrolment is not None and enrolment.state == EnrolmentState.ACTIVE:
            _end_track(enrolment, person=person, actor=actor, at=now, reason=LeavingReason.TIER_CHANGE)
        elif enrolment is not None:
            _lapse(enrolment, person=person, actor=actor, at=now)
        period = _new_period(person, tier=tier, track=Track.CLASSIC, at=now, actor=actor, reason=reason)
        if enrolment is not None:
            _carry_along(person, actor, now)
        return period


def current_accompaniment(jobseeker: Jobseeker) -> Accompaniment:
    """Return the person's one current period."""
    period: Accompaniment = Accompaniment.objects.current().select_related("enrolment").get(jobseeker=jobseeker)
    return period


def why_not_eligible(person: Jobseeker, now: datetime) -> str | None:
    """Return which condition of the 100 % web track the person fails at this instant, or None.

    Load `agency__departement__region` with the person.
    """
    return not_eligible_reason(
        tier=current_accompaniment(person).tier,
        region_opens_on=person.agency.region.web_opens_on,
        day=now.astimezone(person.agency.zone).date(),
        email=person.email,
    )


def _check_eligible(person: Jobseeker, now: datetime) -> None:
    reason = why_not_eligible(person, now)
    if reason is not None:
        raise DomainError(NOT_ELIGIBLE_SENTENCES[reason])


def _start_if_ready(enrolment: Enrolment, *, person: Jobseeker, actor: User, at: datetime) -> None:
    """Start the web track when validation and acceptance are both there, in whichever order they came."""
    if enrolment.state != EnrolmentState.VALIDATED:
        return
    consent = Consent.objects.filter(jobseeker=person, withdrawn_at=None).select_related("text").first()
    if consent is None or consent.text_id != ConsentText.objects.latest().pk:
        return
    _check_eligible(person, at)
    enrolment.consent = consent
    enrolment.started_at = at
    _move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ACTIVE)
    _new_period(
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


def _end_track(
    enrolment: Enrolment, *, person: Jobseeker, actor: User | None, at: datetime, reason: LeavingReason
) -> None:
    enrolment.closed_at = at
    enrolment.closed_by = actor
    enrolment.leaving_reason = reason
    _move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ENDED)
    _withdraw_consent(person, actor=actor, at=at)
    outbox.notify_jobseeker(
        key=f"track-ended:{enrolment.pk}",
        kind=NotificationKind.TRACK_ENDED,
        jobseeker=person,
        context={"first_name": person.first_name, "reason": reason.label},
    )


def _lapse(enrolment: Enrolment, *, person: Jobseeker, actor: User | None, at: datetime) -> None:
    """Close an enrolment that was validated, for the tier that it needs is gone; the person is told why."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    _move(enrolment, actor=actor, at=at, to_state=EnrolmentState.LAPSED)
    _withdraw_consent(person, actor=actor, at=at)
    outbox.notify_jobseeker(
        key=f"enrolment-lapsed:{enrolment.pk}",
        kind=NotificationKind.ENROLMENT_REFUSED,
        jobseeker=person,
        context={"reason": RefusalReason.TIER.label, "first_name": person.first_name},
    )


def _new_period(
    person: Jobseeker,
    *,
    tier: Tier,
    track: Track,
    at: datetime,
    actor: User | None,
    reason: str,
    enrolment: Enrolment | None = None,
) -> Accompaniment:
    """Append a period after the current one, and begin its contact plan."""
    current = current_accompaniment(person)
    current.ended_at = at
    current.save(update_fields=["ended_at"])
    period = Accompaniment.objects.create(
        jobseeker=person,
        tier=tier,
        track=track,
        enrolment=enrolment,
        started_at=at,
        decided_by=actor,
        reason=reason,
    )
    plans.begin_default_plan(actor=actor, jobseeker=person, tier=tier, track=track, at=at)
    audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOMPANIMENT, tier=tier, track=track, reason=reason)
    return period


def _carry_along(person: Jobseeker, actor: User | None, at: datetime) -> None:
    for follow in on_track_end:
        follow(person, actor, at)


def _withdraw_consent(person: Jobseeker, *, actor: User | None, at: datetime) -> None:
    """Let the acceptance fall with the enrolment that it was given for; the next one asks for it again."""
    consent = Consent.objects.filter(jobseeker=person, withdrawn_at=None).select_related("text").first()
    if consent is None:
        return
    consent.withdrawn_at = at
    consent.save(update_fields=["withdrawn_at"])
    audit.record(
        actor=actor, jobseeker=person, action=AuditAction.CONSENT, event="withdrawn", version=consent.text.version
    )


def _give_account(person: Jobseeker) -> None:
    """Give the person an account without a password; the invitation's link sets one."""
    if person.user is not None:
        return
    if person.email is None:
        raise DomainError(NOT_ELIGIBLE_SENTENCES["email"])
    if User.objects.filter(email=person.email).exists():
        raise DomainError("Cette adresse e-mail ouvre déjà un autre compte. Demandez une autre adresse à la personne.")
    person.user = User.objects.create_user(
        person.email, first_name=person.first_name, last_name=person.last_name, role=Role.JOBSEEKER
    )
    person.save(update_fields=["user", "updated_at"])


def _locked(pk: int) -> Enrolment:
    enrolment: Enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=pk)
    return enrolment


def _check_transition(enrolment: Enrolment, to_state: EnrolmentState) -> None:
    if to_state not in ENROLMENT_TRANSITIONS[EnrolmentState(enrolment.state)]:
        raise NotAllowedNowError(
            f"Cette adhésion a déjà été traitée ({enrolment.get_state_display().lower()}). Rechargez la page."
        )


def _move(enrolment: Enrolment, *, actor: User | None, at: datetime, to_state: EnrolmentState) -> None:
    _check_transition(enrolment, to_state)
    from_state = enrolment.state
    enrolment.state = to_state
    enrolment.save()
    _log(enrolment, actor=actor, at=at, from_state=from_state, to_state=to_state)


def _log(enrolment: Enrolment, *, actor: User | None, at: datetime, from_state: str, to_state: str) -> None:
    EnrolmentEvent.objects.create(enrolment=enrolment, at=at, actor=actor, from_state=from_state, to_state=to_state)
    audit.record(
        actor=actor,
        jobseeker=enrolment.jobseeker,
        action=AuditAction.ENROLMENT,
        enrolment=enrolment.pk,
        from_state=from_state,
        to_state=to_state,
    )
