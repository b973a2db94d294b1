"""Call-back requests: asked, changed and withdrawn by the person; claimed and answered by the staff.

Every act locks the person first, so acts on one request come one after the other.
"""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accompaniment.enums import ContactNature, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.parsing import lines_in
from accompaniment.services import journal
from accompaniment.services.contact_details import change_phone
from accompaniment.services.rights import check_own, check_role
from caseload.models import Placement
from caseload.services.desk.summaries import write_summary
from messaging.enums import AttemptOutcome, CallbackState, CallbackSubject, CallbackWay
from messaging.locks import take_next_person
from messaging.models import CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.reads.participants import NobodyFollowsError
from messaging.rules import WAYS_WITH_NUMBER, Window, closes_unreached, windows_after_attempt
from messaging.services.callback_clock import tell
from messaging.services.callback_steps import (
    CALLED_NOW,
    CHANNELS,
    NOT_IN_THIS_WAY,
    CallbackAlreadyOpenError,
    CallbackInHandError,
    attempted,
    check_answers,
    check_not_in_other_hands,
    check_not_too_often,
    check_open,
    claim,
    close,
    locked_row,
    log,
    number_of,
    offered,
    promise,
    reopen,
    write_windows,
)

# --- The person ---------------------------------------------------------------------------------------------------


def ask_callback(
    *,
    actor: User,
    jobseeker: Jobseeker,
    subject: CallbackSubject,
    phone: str,
    windows: Iterable[Window],
    comment: str = "",
    way: CallbackWay = CallbackWay.PHONE,
) -> CallbackRequest:
    """Record that the person asks to be called back. Another number replaces the one in the file.

    In a `way` that needs no number, the number is left alone.

    Raises CallbackAlreadyOpenError if a request is open, DomainError for an invalid number, no window, one that is not
    offered (any more), a person without an adviser, or anybody but the person.
    """
    number = number_of(phone, jobseeker) if way in WAYS_WITH_NUMBER else ""
    chosen = offered(windows, jobseeker.agency, now=timezone.now())
    try:
        with transaction.atomic():
            person = lock_jobseeker(jobseeker.pk)
            now = timezone.now()
            check_own(actor, person, "Seule la personne elle-même peut demander à être rappelée.")
            standing = CallbackRequest.objects.open().filter(jobseeker=person).first()
            if standing is not None:
                raise CallbackAlreadyOpenError(standing)
            check_not_too_often(person)
            if number:
                change_phone(actor=actor, jobseeker=person, phone=number)
            if not Placement.objects.open().filter(jobseeker=jobseeker).exists():
                raise NobodyFollowsError
            request = CallbackRequest(
                jobseeker=jobseeker,
                subject=subject,
                comment=lines_in(comment).strip(),
                way=way,
                phone=number,
                asked_at=now,
            )
            promise(request, chosen)
            request.save(force_insert=True)
            write_windows(request, chosen)
            log(request, actor=actor, at=now, from_state="")
            write_summary(jobseeker_id=jobseeker.pk, callback_due_at=request.window_ends_at)
    except IntegrityError as error:
        standing = CallbackRequest.objects.open().filter(jobseeker=jobseeker).first()
        raise CallbackAlreadyOpenError(standing) from error
    return request


def change_callback(
    *,
    actor: User,
    request: CallbackRequest,
    subject: CallbackSubject,
    phone: str,
    windows: Iterable[Window],
    comment: str,
    way: CallbackWay,
) -> CallbackRequest:
    """Change the person's own open request. Windows that it already has may stay until they have passed.

    Raises CallbackInHandError while somebody calls, CallbackClosedError if the request is closed, and DomainError as
    `ask_callback` does.
    """
    number = number_of(phone, request.jobseeker) if way in WAYS_WITH_NUMBER else ""
    with transaction.atomic():
        locked, now = locked_row(request)
        check_own(actor, locked.jobseeker, "Seule la personne elle-même peut modifier sa demande.")
        check_open(locked)
        if locked.state == CallbackState.CLAIMED:
            raise CallbackInHandError(CALLED_NOW)
        standing = [Window(starts_at=one.starts_at, ends_at=one.ends_at) for one in locked.windows.all()]
        chosen = offered(windows, locked.jobseeker.agency, now=now, standing=standing)
        check_not_too_often(locked.jobseeker)
        if number:
            change_phone(actor=actor, jobseeker=locked.jobseeker, phone=number)
        locked.subject, locked.comment, locked.way, locked.phone = subject, lines_in(comment).strip(), way, number
        if chosen != standing:
            promise(locked, chosen)
            write_windows(locked, chosen)
        locked.save()
        log(locked, actor=actor, at=now, from_state=CallbackState.OPEN, event="changed")
        write_summary(jobseeker_id=locked.jobseeker_id, callback_due_at=locked.window_ends_at)
        return locked


def cancel_callback(*, actor: User, request: CallbackRequest) -> CallbackRequest:
    """Withdraw the person's own request, even while somebody calls. Raises CallbackClosedError if it is closed."""
    with transaction.atomic():
        locked, now = locked_row(request)
        check_own(actor, locked.jobseeker, "Seule la personne elle-même peut annuler sa demande.")
        close(locked, actor=actor, at=now, to_state=CallbackState.CANCELLED)
        return locked


# --- The staff ----------------------------------------------------------------------------------------------------


def claim_callback(*, actor: User, request: CallbackRequest) -> CallbackRequest:
    """Take a request in hand before calling, so that nobody else calls. Who has it already keeps it.

    Raises CallbackInHandError if somebody else has it, CallbackClosedError if it is closed, NoRightError for anybody
    who may not answer it now.
    """
    with transaction.atomic():
        locked, now = locked_row(request)
        check_answers(actor, locked, now=now)
        check_open(locked)
        check_not_in_other_hands(locked, actor, now=now)
        if locked.state == CallbackState.OPEN:
            claim(locked, actor=actor, at=now)
        return locked


def claim_next(*, actor: User) -> CallbackRequest | None:
    """Take the most urgent request in hand that the actor may answer now; return None if there is none.

    A request whose person another transaction has locked is skipped: of several who ask at once, each gets another
    one.
    """
    check_role(actor, Role.ADVISER, Role.MANAGER)
    now = timezone.now()
    queue = CallbackRequest.objects.answered_by(actor, now=now).to_call(now).unclaimed(now)
    due = Subquery(queue.filter(jobseeker=OuterRef("pk")).order_by().values("window_ends_at")[:1])
    people = Jobseeker.objects.annotate(due=due).filter(due__isnull=False).order_by("due", "pk")
    passed: list[int] = []
    while True:
        with transaction.atomic():
            person = take_next_person(people.exclude(pk__in=passed))
            if person is None:
                return None
            # Read again behind the lock: whoever held it may have claimed or closed the request.
            request = queue.filter(jobseeker=person).first()
            if request is not None:
                locked, at = locked_row(request)
                claim(locked, actor=actor, at=at)
                return locked
        passed.append(person.pk)


def release_callback(*, actor: User, request: CallbackRequest) -> CallbackRequest:
    """Give a request back that the actor has claimed, without an attempt. It waits for anybody again.

    Raises NotAllowedNowError unless the actor has it in hand.
    """
    with transaction.atomic():
        locked, now = locked_row(request)
        if locked.state != CallbackState.CLAIMED or locked.claimed_by_id != actor.pk:
            raise NotAllowedNowError("Vous n'avez plus ce rappel en main.")
        reopen(locked, actor=actor, at=now, event="released")
        return locked


def close_callback(*, actor: User, request: CallbackRequest, outcome: str) -> CallbackRequest:
    """Record that the person was reached, or answered in writing, with what was said; write the journal.

    Raises CallbackClosedError if the request is closed, CallbackInHandError if somebody else has claimed it,
    NoRightError if the actor may not answer it (any more), DomainError without an outcome.
    """
    said = lines_in(outcome).strip()
    if not said:
        raise DomainError("Notez en une phrase ce qui a été dit ou convenu.", about="outcome")
    with transaction.atomic():
        locked, now = attempted(request, actor=actor, outcome=AttemptOutcome.REACHED)
        locked.outcome = said
        channel = CHANNELS[CallbackWay(locked.way)]
        # First, because it may lock the conversation, which comes before the row of the portfolio list.
        journal.write_contact(
            jobseeker=locked.jobseeker,
            at=now,
            channel=channel,
            nature=ContactNature.CALLBACK,
            author=actor,
            summary=f"{CallbackSubject(locked.subject).label}\u00a0: {said}",
            source=f"callback:{locked.pk}",
        )
        close(locked, actor=actor, at=now, to_state=CallbackState.DONE)
        write_summary(jobseeker_id=locked.jobseeker_id, last_contact_at=now, last_contact_channel=channel)
        return locked


def miss_callback(*, actor: User, request: CallbackRequest, outcome: AttemptOutcome) -> CallbackRequest:
    """Record an attempt that did not reach the person. The request waits for its next window.

    After enough attempts on enough days (`closes_unreached`) it is closed as not reached, and the person is sent a
    message with the next windows. It is no contact, no absence, and no trace of it is held against the person.

    Raises the same errors as `close_callback`, and DomainError for an outcome that the way of answering cannot have.
    """
    if outcome == AttemptOutcome.REACHED:
        raise DomainError(NOT_IN_THIS_WAY, about="result")
    with transaction.atomic():
        locked, now = attempted(request, actor=actor, outcome=outcome)
        agency = locked.jobseeker.agency
        if closes_unreached(locked.attempts.values_list("at", flat=True), zone=agency.zone):
            close(locked, actor=actor, at=now, to_state=CallbackState.UNREACHED)
            tell(locked, at=now)
            return locked
        standing = [Window(starts_at=one.starts_at, ends_at=one.ends_at) for one in locked.windows.all()]
        possible = windows_of(agency, now=now)
        following = windows_after_attempt(standing, offered=possible, zone=agency.zone, now=now)
        if following != standing:
            promise(locked, following)
            write_windows(locked, following)
        reopen(locked, actor=actor, at=now, event="tried")
        write_summary(jobseeker_id=locked.jobseeker_id, callback_due_at=locked.window_ends_at)
        return locked
