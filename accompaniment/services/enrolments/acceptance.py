"""The person's own acceptance of the text, with which a validated track begins."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind, Tier, Track
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Consent, ConsentText, Enrolment, Jobseeker, User
from accompaniment.presentation import consent_as_shown
from accompaniment.rules import consent_holds
from accompaniment.services import audit, outbox
from accompaniment.services.enrolments.eligibility import check_eligible
from accompaniment.services.enrolments.periods import new_period
from accompaniment.services.enrolments.states import lock_jobseeker, move


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
