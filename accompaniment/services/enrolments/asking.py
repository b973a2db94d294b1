"""The person's wish to be followed 100 % web."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import Enrolment, Jobseeker, User
from accompaniment.services.enrolments.eligibility import check_eligible
from accompaniment.services.enrolments.interview import forget_earlier_decision
from accompaniment.services.enrolments.states import lock_jobseeker, log


def ask_enrolment(*, actor: User | None, jobseeker: Jobseeker) -> Enrolment:
    """Record the person's wish to be followed 100 % web.

    Raises DomainError when the person is not eligible today, or when an enrolment is open already.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = timezone.now()
        check_eligible(person, now)
        try:
            with transaction.atomic():
                enrolment = Enrolment.objects.create(
                    jobseeker=person, asked_at=now, has_webcam=person.has_webcam, bandwidth=person.bandwidth
                )
        except IntegrityError as error:
            raise NotAllowedNowError("Une adhésion est déjà en cours pour cette personne.") from error
        forget_earlier_decision(person)
        log(enrolment, actor=actor, at=now, from_state="", to_state=EnrolmentState.ASKED)
        return enrolment
