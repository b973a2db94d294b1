"""Call-back requests: asked by the person, called or cancelled. One open request per person."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel, ContactNature, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import since_in_words
from accompaniment.rules.parsing import lines_in
from accompaniment.services import audit, journal
from accompaniment.services.bounds import check_bound
from accompaniment.services.contact_details import change_phone, read_number
from accompaniment.services.rights import check_acts, check_own
from caseload.models import Placement
from caseload.services.desk.summaries import write_summary
from messaging.enums import CallbackState, CallbackSubject
from messaging.locks import lock_callback
from messaging.models import CallbackEvent, CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.reads.participants import NobodyFollowsError
from messaging.rules import CALLBACK_TRANSITIONS, Window

ONE_AT_A_TIME = "Vous avez déjà une demande de rappel en cours{since}. Annulez-la pour en faire une autre."
WINDOW_GONE = "Cette plage horaire n'est plus proposée. Choisissez-en une autre."
CLOSED_MEANWHILE = "Cette demande de rappel est déjà close."


class CallbackClosedError(NotAllowedNowError):
    """Somebody has called, or the person has withdrawn the request."""


class CallbackAlreadyOpenError(NotAllowedNowError):
    """The person has an open request; `request` is it."""

    def __init__(self, request: CallbackRequest | None) -> None:
        self.request = request
        since = ""
        if request is not None:
            zone = request.jobseeker.agency.zone
            since = f", {since_in_words(request.asked_at, zone=zone, now=timezone.now())}"
        super().__init__(ONE_AT_A_TIME.format(since=since))


def ask_callback(
    *,
    actor: User,
    jobseeker: Jobseeker,
    subject: CallbackSubject,
    phone: str,
    window: Window,
    comment: str = "",
    in_writing: bool = False,
) -> CallbackRequest:
    """Record that the person asks to be called back. Another number replaces the one in the file.

    With `in_writing` the person is answered in their messages, and the number is left alone.

    Raises CallbackAlreadyOpenError if a request is open, DomainError for an invalid number, a window that is not
    offered (any more), a person without an adviser, or anybody but the person.
    """
    number = "" if in_writing else _number(phone, jobseeker)
    now = timezone.now()
    if window not in windows_of(jobseeker.agency, now=now):
        raise DomainError(WINDOW_GONE, about="window")
    try:
        with transaction.atomic():
            person = lock_jobseeker(jobseeker.pk)
            check_own(actor, person, "Seule la personne elle-même peut demander à être rappelée.")
            standing = CallbackRequest.objects.open().filter(jobseeker=person).first()
            if standing is not None:
                raise CallbackAlreadyOpenError(standing)
            check_bound(
                BoundedAct.CALLBACKS,
                done=lambda since: CallbackRequest.objects.filter(jobseeker=person, asked_at__gt=since).count(),
            )
            if not in_writing:
                change_phone(actor=actor, jobseeker=person, phone=number)
            if not Placement.objects.open().filter(jobseeker=jobseeker).exists():
                raise NobodyFollowsError
            request = CallbackRequest.objects.create(
                jobseeker=jobseeker,
                subject=subject,
                comment=lines_in(comment).strip(),
                in_writing=in_writing,
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


def _number(phone: str, jobseeker: Jobseeker) -> str:
    return phone if phone and phone == jobseeker.phone else read_number(phone, agency=jobseeker.agency)


def close_callback(*, actor: User, request: CallbackRequest, outcome: str) -> CallbackRequest:
    """Record that the person was called or answered in writing, with the outcome; write the journal.

    Raises CallbackClosedError if the request is closed, NotAllowedNowError if the actor no longer follows the person,
    DomainError without an outcome.
    """
    said = lines_in(outcome).strip()
    if not said:
        raise DomainError("Notez en une phrase ce qui a été dit ou convenu.", about="outcome")
    with transaction.atomic():
        locked = _locked(request)
        check_acts(actor, locked.jobseeker, roles=(Role.ADVISER,))
        now = timezone.now()
        locked.outcome = said
        _close(locked, actor=actor, at=now, to_state=CallbackState.DONE)
        channel = Channel.CHAT if locked.in_writing else Channel.PHONE
        journal.write_contact(
            jobseeker=locked.jobseeker,
            at=now,
            channel=channel,
            nature=ContactNature.CALLBACK,
            author=actor,
            summary=f"{CallbackSubject(locked.subject).label}\u00a0: {said}",
            source=f"callback:{locked.pk}",
        )
        write_summary(
            jobseeker_id=locked.jobseeker_id,
            callback_due_at=None,
            last_contact_at=now,
            last_contact_channel=channel,
        )
        return locked


def cancel_callback(*, actor: User, request: CallbackRequest) -> CallbackRequest:
    """Withdraw the person's own request. Raises NotAllowedNowError if it is closed."""
    with transaction.atomic():
        locked = _locked(request)
        check_own(actor, locked.jobseeker, "Seule la personne elle-même peut annuler sa demande.")
        _close(locked, actor=actor, at=timezone.now(), to_state=CallbackState.CANCELLED)
        write_summary(jobseeker_id=locked.jobseeker_id, callback_due_at=None)
        return locked


def _locked(request: CallbackRequest) -> CallbackRequest:
    """Lock the person, then the request. A hand-over also locks the person, so it comes before or after."""
    person = lock_jobseeker(request.jobseeker_id)
    locked = lock_callback(request.pk)
    locked.jobseeker = person
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
