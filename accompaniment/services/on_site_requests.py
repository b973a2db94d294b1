"""Requests for a meeting on site: a person can always make one, and it is answered or withdrawn."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, NotificationKind, Role
from accompaniment.locks import lock_jobseeker, lock_on_site_request, lock_open_on_site_request
from accompaniment.models import AuditEntry, Jobseeker, OnSiteRequest, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import audit, outbox
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts, check_answers_on_site, check_own


def ask_on_site(*, actor: User, jobseeker: Jobseeker, comment: str | None = None) -> OnSiteRequest:
    """Record that the person asks for a meeting on site. It is never refused, and one request is open at a time.

    While a request is open it is returned, with the new comment if one was typed, even an empty one (None: no comment
    field). After an answer or a withdrawal a new request is made. Raises TooManyError if the person has changed the
    comment too often; the request then stays as it is.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.JOBSEEKER, Role.ADVISER))
        standing = lock_open_on_site_request(person)
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
    """Withdraw an unanswered request. The person may ask again at any time.

    Raises NotAllowedNowError if it is answered or withdrawn, TooManyError after too many withdrawals (the open request
    then stays, and is answered), DomainError for anybody but the person.
    """
    with transaction.atomic():
        person = lock_jobseeker(request.jobseeker_id)
        check_own(actor, person, "Seule la personne elle-même peut retirer sa demande.")
        locked = lock_on_site_request(request.pk)
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
    """Answer a request; the person reads the answer. Raises NotAllowedNowError if it is answered or withdrawn."""
    with transaction.atomic():
        person = lock_jobseeker(request.jobseeker_id)
        check_answers_on_site(actor, person)
        locked = lock_on_site_request(request.pk)
        if locked.withdrawn_at is not None:
            raise NotAllowedNowError("La personne a retiré sa demande entre-temps. Actualisez la page.")
        if locked.answered_at is not None:
            raise NotAllowedNowError("Cette demande a déjà reçu une réponse. Actualisez la page.")
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
    """Limit changes of an open request. New requests are never limited, nor are acts of the staff."""
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
