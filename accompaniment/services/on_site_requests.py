"""Meetings on site: a person can always ask for one, and somebody answers, or the person takes it back."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import AuditEntry, Jobseeker, OnSiteRequest, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit, outbox
from accompaniment.services.bounds import check_bound


def ask_on_site(*, actor: User, jobseeker: Jobseeker, comment: str | None = None) -> OnSiteRequest:
    """Record that the person wants to be received on site. Never refused; one request is open at a time.

    While one is open the same one is returned, with the comment where one was typed, an empty one included (None:
    nothing was said). What comes after the answer, or after one that was taken back, is a request of its own. Raises
    TooManyError when the person has changed the words of the open one too often: it stands as it is.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        standing: OnSiteRequest | None = (
            OnSiteRequest.objects.select_for_update(of=("self",)).open().filter(jobseeker=person).first()
        )
        if standing is not None:
            if comment is not None and comment != standing.comment:
                _check_changes(actor, person)
                standing.comment = comment
                standing.save(update_fields=["comment"])
                _record(actor, standing, "commented")
            return standing
        request = OnSiteRequest.objects.create(jobseeker=person, asked_at=timezone.now(), comment=comment or "")
        _record(actor, request, "asked")
        return request


def withdraw_on_site(*, actor: User, request: OnSiteRequest) -> OnSiteRequest:
    """Take back a request that nobody has answered; asking anew is free at any time.

    Raises NotAllowedNowError when it is answered or taken back already, TooManyError when the person has taken back
    too many (the one that is open stays, and is answered), DomainError for anybody else than the person.
    """
    with transaction.atomic():
        person = lock_jobseeker(request.jobseeker_id)
        if person.user_id != actor.pk:
            raise DomainError("Seule la personne elle-même peut retirer sa demande.")
        locked: OnSiteRequest = OnSiteRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.answered_at is not None:
            raise NotAllowedNowError("Votre agence a déjà répondu\u00a0: lisez sa réponse sur cette page.")
        if locked.withdrawn_at is not None:
            raise NotAllowedNowError("Votre demande est déjà retirée.")
        _check_changes(actor, person)
        locked.withdrawn_at = timezone.now()
        locked.withdrawn_by = actor
        locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
        _record(actor, locked, "withdrawn")
        return locked


def answer_on_site(*, actor: User, request: OnSiteRequest, answer: str) -> OnSiteRequest:
    """Answer a request; the person reads the answer.

    Raises NotAllowedNowError when it was answered or taken back meanwhile.
    """
    with transaction.atomic():
        person = lock_jobseeker(request.jobseeker_id)
        locked: OnSiteRequest = OnSiteRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if locked.withdrawn_at is not None:
            raise NotAllowedNowError("La personne a retiré sa demande entre-temps. Rechargez la page.")
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


def _check_changes(actor: User, person: Jobseeker) -> None:
    """Bound what is done to a request that stands. Asking is never bound, nor is what the staff does."""
    if not actor.is_jobseeker:
        return
    changes = AuditEntry.objects.filter(
        jobseeker=person,
        actor=actor,
        action=AuditAction.ON_SITE_REQUEST,
        details__event__in=("commented", "withdrawn"),
    )
    check_bound(BoundedAct.ON_SITE_CHANGES, done=lambda since: changes.filter(at__gt=since).count())


def _record(actor: User, request: OnSiteRequest, event: str) -> None:
    audit.record(
        actor=actor, jobseeker=request.jobseeker, action=AuditAction.ON_SITE_REQUEST, event=event, request=request.pk
    )
