"""What an adviser writes down during the registration interview, before anything is decided."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.services import audit
from accompaniment.services.enrolments import lock_jobseeker, open_registration_interview

EMAIL_TAKEN = "Cette adresse e-mail est déjà celle d'une autre personne. Demandez-en une autre."


def save_draft(*, actor: User, enrolment: Enrolment, typed: dict[str, str]) -> RegistrationInterview:
    """Keep what was typed so far, as it was typed, and begin the interview if it has not begun.

    Each adviser who writes in it leaves one audit row, however often the page saves. Raises NotAllowedNowError
    when the enrolment was decided meanwhile; then nothing is begun.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        if Enrolment.objects.get(pk=enrolment.pk).state != EnrolmentState.ASKED:
            raise NotAllowedNowError("Cette demande a déjà été traitée.")
        interview = open_registration_interview(actor=actor, jobseeker=person)
        if interview.conducted_by_id != actor.pk:
            interview.conducted_by = actor
            audit.record(
                actor=actor, jobseeker=person, action=AuditAction.INTERVIEW, event="registration_interview_continued"
            )
        interview.typed = typed
        interview.saved_at = timezone.now()
        interview.save(update_fields=["conducted_by", "typed", "saved_at"])
        return interview


def add_email(*, actor: User, jobseeker: Jobseeker, email: str) -> Jobseeker:
    """Write down the e-mail address of a person who had none; the invitation will go there.

    Writing the same one twice changes nothing. Raises NotAllowedNowError when the person has another address by
    now, DomainError when the address is somebody else's.
    """
    address = email.strip().lower()
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        if person.email == address:
            return person
        if person.email is not None:
            raise NotAllowedNowError("Une adresse e-mail a été enregistrée entre-temps. Rechargez la page.")
        if User.objects.filter(email=address).exclude(jobseeker=person).exists():
            raise DomainError(EMAIL_TAKEN)
        person.email = address
        try:
            with transaction.atomic():
                person.save(update_fields=["email", "updated_at"])
        except IntegrityError as error:
            raise DomainError(EMAIL_TAKEN) from error
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["email"])
        return person
