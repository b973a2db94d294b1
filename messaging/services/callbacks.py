"""Call-back requests: asked by the person, called or cancelled. One open request per person."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel, ContactNature
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import since_in_words
from accompaniment.rules.parsing import lines_in
from accompaniment.services import audit, journal
from accompaniment.services.bounds import check_bound
from accompaniment.services.contact_details import change_phone, read_number
from caseload.models import Placement
from caseload.services.desk.summaries import write_summary
from messaging.enums import CallbackState, CallbackSubject
from messaging.models import CallbackEvent, CallbackRequest
from messaging.reads.participants import NobodyFollowsError, opening_stretches
from messaging.rules import CALLBACK_TRANSITIONS, Window, callback_windows

ONE_AT_A_TIME = "Vous avez déjà une demande de rappel en cours{since}. Annulez-la pour en faire une autre."
WINDOW_GONE = "Cette plage horaire n'est plus proposée. Choisissez-en une autre."
CLOSED_MEANWHILE = "Cette demande de rappel est déjà close."


class CallbackClosedError(NotAllowedNowError):
    """Somebody has called, or the person has taken the request back."""


class CallbackAlreadyOpenError(NotAllowedNowError):
    """The person has an open request; `request` is it."""

    def __init__(self, request: CallbackRequest | None) -> None:
        self.request = request
        since = ""
        if request is not None:
            zone = request.jobseeker.agency.zone
            since = f", {since_in_words(request.asked_at, zone=zone, now=timezone.now())}"
        super().__init__(ONE_AT_A_TIME.format(since=since))


def windows_of(agency: Agency, *, now: datetime) -> list[Window]:
    """Return the windows that an agency offers now; load `departement__region` with it."""
    return callback_windows(
        opening_stretches(agency),
        zone=agency.zone,
        holidays_subdivision=agency.departement.holidays_subdivision,
        now=now,
    )


def ask_callback(
    *, actor: User, jobseeker: Jobseeker, subject: CallbackSubject, phone: str, window: Window, comment: str = ""
) -> CallbackRequest:
    """Record that the person asks to be called back, at the number of the file: another one replaces that.

    Raises CallbackAlreadyOpenError when a request is open, DomainError for a number that is none, a window that is
    not offered (any more), a person whom nobody follows, or when somebody else than the person asks.
    """
    if jobseeker.user_id != actor.pk:
        raise DomainError("Seule la personne elle-même peut demander à être rappelée.")
    number = phone if phone and phone == jobseeker.phone else read_number(phone, agency=jobseeker.agency)
    now = timezone.now()
    if window not in windows_of(jobseeker.agency, now=now):
        raise DomainError(WINDOW_GONE, about="window")
    try:
        with transaction.atomic():
            person = lock_jobseeker(jobseeker.pk)
            standing = CallbackRequest.objects.open().filter(jobseeker=person).first()
            if standing is not None:
                raise CallbackAlreadyOpenError(standing)
            check_bound(
                BoundedAct.CALLBACKS,
                done=lambda since: CallbackRequest.objects.filter(jobseeker=person, asked_at__gt=since).count(),
            )
            change_phone(actor=actor, jobseeker=person, phone=number)
            if not Placement.objects.open().filter(jobseeker=jobseeker).exists():
                raise NobodyFollowsError
            request = CallbackRequest.objects.create(
                jobseeker=jobseeker,
                subject=subject,
                comment=lines_in(comment).strip(),
                phone=number,
                window_starts_at=window.starts_at,
                window_ends_at=window.ends_at,
                asked_at=now,
            )
            _log(request, actor=actor, at=now, from_state="")
            write_summary(jobseeker_id=jobseeker.pk, callback_due_at=window.ends_at)
    except IntegrityError as error:
        standing = CallbackRequest.objects.open().filter(jobseeker=jobseeker).first()
        raise CallbackAlreadyOpenError(standing) from error
    return request


def close_callback(*, actor: User, request: CallbackRequest, outcome: str) -> CallbackRequest:
    """Record that the person was called, with what came of it; write the journal.

    Raises CallbackClosedError when the request is closed already, NotAllowedNowError when the actor follows the
    person no more, DomainError without an outcome.
    """
    said = lines_in(outcome).strip()
    if not said:
        raise DomainError("Notez en une phrase ce qui a été dit ou convenu.", about="outcome")
    with transaction.atomic():
        locked = _locked(request)
        if not actor.is_adviser or not Jobseeker.objects.visible_to(actor).filter(pk=locked.jobseeker_id).exists():
            raise NotAllowedNowError("Cette personne n'est plus dans votre portefeuille.")
        now = timezone.now()
        locked.outcome = said
        _close(locked, actor=actor, at=now, to_state=CallbackState.DONE)
        journal.write_contact(
            jobseeker=locked.jobseeker,
            at=now,
            channel=Channel.PHONE,
            nature=ContactNature.CALLBACK,
            author=actor,
            summary=f"{CallbackSubject(locked.subject).label} : {said}",
            source=f"callback:{locked.pk}",
        )
        write_summary(
            jobseeker_id=locked.jobseeker_id,
            callback_due_at=None,
            last_contact_at=now,
            last_contact_channel=Channel.PHONE,
        )
        return locked


def cancel_callback(*, actor: User, request: CallbackRequest) -> CallbackRequest:
    """Let the person take the request back. Raises NotAllowedNowError when it is closed already."""
    with transaction.atomic():
        locked = _locked(request)
        if locked.jobseeker.user_id != actor.pk:
            raise DomainError("Seule la personne elle-même peut annuler sa demande.")
        _close(locked, actor=actor, at=timezone.now(), to_state=CallbackState.CANCELLED)
        write_summary(jobseeker_id=locked.jobseeker_id, callback_due_at=None)
        return locked


def _locked(request: CallbackRequest) -> CallbackRequest:
    locked: CallbackRequest = (
        CallbackRequest.objects.select_for_update(of=("self",)).select_related("jobseeker").get(pk=request.pk)
    )
    return locked


def _close(request: CallbackRequest, *, actor: User, at: datetime, to_state: CallbackState) -> None:
    from_state = CallbackState(request.state)
    if to_state not in CALLBACK_TRANSITIONS[from_state]:
        raise CallbackClosedError(CLOSED_MEANWHILE)
    request.state = to_state
    request.closed_at = at
    request.closed_by = actor
    request.save(update_fields=["state", "closed_at", "closed_by", "outcome"])
    _log(request, actor=actor, at=at, from_state=from_state)


def _log(request: CallbackRequest, *, actor: User, at: datetime, from_state: str) -> None:
    CallbackEvent.objects.create(
        request=request, at=at, actor=actor, from_state=from_state, to_state=CallbackState(request.state)
    )
    audit.record(
        actor=actor,
        jobseeker=request.jobseeker,
        action=AuditAction.CALLBACK,
        request=request.pk,
        state=request.state,
    )
