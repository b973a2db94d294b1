"""The person's wish to be followed 100 % web."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import BoundedAct, EnrolmentState
from accompaniment.errors import NotAllowedNowError
from accompaniment.french import since_in_words
from accompaniment.models import Enrolment, Jobseeker, User
from accompaniment.services.bounds import check_bound
from accompaniment.services.enrolments.eligibility import check_eligible
from accompaniment.services.enrolments.interview import forget_earlier_decision
from accompaniment.services.enrolments.states import lock_jobseeker, log

SETTLED_AT_THE_INTERVIEW = ("modalite", "email")
"""Conditions that the registration interview decides or writes down; the validation looks at them again."""


def ask_enrolment(*, actor: User | None, jobseeker: Jobseeker, at_interview: bool = False) -> Enrolment:
    """Record the person's wish to be followed 100 % web.

    `at_interview`: spoken to the adviser, so tier and address may still be missing. Raises DomainError when the
    person is not eligible today, or when an enrolment is open already.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = timezone.now()
        check_eligible(person, now, later=SETTLED_AT_THE_INTERVIEW if at_interview else ())
        if actor is not None and actor.pk == person.user_id:
            check_bound(
                BoundedAct.ENROLMENTS,
                done=lambda since: Enrolment.objects.filter(jobseeker=person, asked_at__gt=since).count(),
            )
        try:
            with transaction.atomic():
                enrolment = Enrolment.objects.create(
                    jobseeker=person, asked_at=now, has_webcam=person.has_webcam, bandwidth=person.bandwidth
                )
        except IntegrityError as error:
            standing = Enrolment.objects.open().get(jobseeker=person)
            raise NotAllowedNowError(_stands(standing, by_person=actor is not None and actor.is_jobseeker)) from error
        forget_earlier_decision(person)
        log(enrolment, actor=actor, at=now, from_state="", to_state=EnrolmentState.ASKED)
        return enrolment


def _stands(standing: Enrolment, *, by_person: bool) -> str:
    """Say that what is asked for stands already, and since when."""
    since = since_in_words(standing.asked_at, zone=standing.jobseeker.agency.zone, now=timezone.now())
    if by_person:
        return f"Votre demande de 100\u00a0% web est déjà en cours, {since}. Rien d'autre n'est à faire."
    return f"Une adhésion est déjà en cours pour cette personne, {since}."
