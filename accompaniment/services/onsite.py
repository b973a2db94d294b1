"""Meetings on site: a person can always ask for one, and somebody answers."""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import Jobseeker, OnSiteRequest, User
from accompaniment.services import audit
from accompaniment.services.enrolments import lock_jobseeker


def ask_on_site(*, actor: User, jobseeker: Jobseeker, comment: str = "") -> OnSiteRequest:
    """Record that the person wants to be received on site. Never refused; an open request is returned as it is."""
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        standing: OnSiteRequest | None = OnSiteRequest.objects.open().filter(jobseeker=person).first()
        if standing is not None:
            return standing
        request = OnSiteRequest.objects.create(jobseeker=person, asked_at=timezone.now(), comment=comment)
        audit.record(
            actor=actor, jobseeker=person, action=AuditAction.ON_SITE_REQUEST, event="asked", request=request.pk
        )
        return request


def answer_on_site(*, actor: User, request: OnSiteRequest, answer: str) -> OnSiteRequest:
    """Answer a request; the person reads the answer. Raises NotAllowedNowError when it was answered meanwhile."""
    with transaction.atomic():
        locked: OnSiteRequest = OnSiteRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.answered_at is not None:
            raise NotAllowedNowError("Cette demande a déjà reçu une réponse. Rechargez la page.")
        locked.answered_at = timezone.now()
        locked.answered_by = actor
        locked.answer = answer
        locked.save(update_fields=["answered_at", "answered_by", "answer"])
        audit.record(
            actor=actor,
            jobseeker=locked.jobseeker,
            action=AuditAction.ON_SITE_REQUEST,
            event="answered",
            request=locked.pk,
        )
        return locked
