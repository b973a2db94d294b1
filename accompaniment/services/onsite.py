"""Meetings on site: a person can always ask for one, and somebody answers."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import Jobseeker, OnSiteRequest, User
from accompaniment.services import audit, outbox
from accompaniment.services.enrolments import lock_jobseeker


def ask_on_site(*, actor: User, jobseeker: Jobseeker, comment: str | None = None) -> OnSiteRequest:
    """Record that the person wants to be received on site. Never refused; one request is open at a time.

    While one is open the same one is returned, with the comment where one was typed, an empty one included (None:
    nothing was said). What comes after the answer is a request of its own.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        standing: OnSiteRequest | None = (
            OnSiteRequest.objects.select_for_update(of=("self",)).open().filter(jobseeker=person).first()
        )
        if standing is not None:
            if comment is not None and comment != standing.comment:
                standing.comment = comment
                standing.save(update_fields=["comment"])
                _record(actor, standing, "commented")
            return standing
        request = OnSiteRequest.objects.create(jobseeker=person, asked_at=timezone.now(), comment=comment or "")
        _record(actor, request, "asked")
        return request


def answer_on_site(*, actor: User, request: OnSiteRequest, answer: str) -> OnSiteRequest:
    """Answer a request; the person reads the answer. Raises NotAllowedNowError when it was answered meanwhile."""
    with transaction.atomic():
        person = lock_jobseeker(request.jobseeker_id)
        locked: OnSiteRequest = OnSiteRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.answered_at is not None:
            raise NotAllowedNowError("Cette demande a déjà reçu une réponse. Rechargez la page.")
        locked.answered_at = timezone.now()
        locked.answered_by = actor
        locked.answer = answer
        locked.save(update_fields=["answered_at", "answered_by", "answer"])
        _record(actor, locked, "answered")
        outbox.notify_jobseeker(
            key=f"on-site-answered:{locked.pk}",
            kind=NotificationKind.ON_SITE_ANSWERED,
            jobseeker=person,
            context={"first_name": person.first_name, "path": reverse("ask_on_site")},
        )
        return locked


def _record(actor: User, request: OnSiteRequest, event: str) -> None:
    audit.record(
        actor=actor, jobseeker=request.jobseeker, action=AuditAction.ON_SITE_REQUEST, event=event, request=request.pk
    )
