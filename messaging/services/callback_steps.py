"""The steps that acts on a call-back request share: under the person's lock, with an event and an audit row each.

A claim that has lapsed is ended by whoever comes next, the job or another act, and is dated on the instant at which it
lapsed: the history is the same whether the job runs or not.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import duration_in_words, since_in_words
from accompaniment.services import audit
from accompaniment.services.bounds import check_bound
from accompaniment.services.contact_details import read_number
from accompaniment.services.rights import NOTHING_KEPT, SOMEBODY_ELSE_ANSWERS, check_role
from caseload.services.desk.summaries import write_summary
from messaging.enums import AttemptOutcome, CallbackState, CallbackWay
from messaging.locks import lock_callback
from messaging.models import CallbackAttempt, CallbackEvent, CallbackRequest, CallbackWindow
from messaging.reads.callback_windows import windows_of
from messaging.rules import (
    CALLBACK_TRANSITIONS,
    MANAGER_SHARE,
    OPEN_CALLBACKS,
    OUTCOMES,
    TEAM_SHARE,
    Window,
    risen_at,
)

ONE_AT_A_TIME = "Vous avez déjà une demande de rappel en cours{since}. Modifiez-la, ou annulez-la."
NO_WINDOW = "Choisissez quand vous appeler."
WINDOW_GONE = "Cette plage horaire n'est plus proposée. Choisissez-en une autre."
CLOSED_MEANWHILE = "Cette demande de rappel est déjà close."
CALLED_NOW = "Quelqu'un vous répond en ce moment. Attendez quelques minutes avant de modifier votre demande."
IN_HAND = "{name} a pris ce rappel depuis {since}. Rien n'a été enregistré."
NOT_IN_THIS_WAY = "Ce résultat ne convient pas à la réponse demandée."

CHANNELS = {
    CallbackWay.PHONE: Channel.PHONE,
    CallbackWay.RELAY_TEXT: Channel.PHONE,
    CallbackWay.RELAY_SIGNS: Channel.PHONE,
    CallbackWay.VIDEO: Channel.VIDEO,
    CallbackWay.CHAT: Channel.CHAT,
}
"""The channel of the journal for each way. A relay interprets a telephone call."""


class CallbackClosedError(NotAllowedNowError):
    """Somebody has called, or the person has withdrawn the request."""


class CallbackInHandError(NotAllowedNowError):
    """Somebody else has claimed the request."""


class CallbackAlreadyOpenError(NotAllowedNowError):
    """The person has an open request; `request` is it."""

    def __init__(self, request: CallbackRequest | None) -> None:
        self.request = request
        since = ""
        if request is not None:
            zone = request.jobseeker.agency.zone
            since = f", {since_in_words(request.asked_at, zone=zone, now=timezone.now())}"
        super().__init__(ONE_AT_A_TIME.format(since=since))


def number_of(phone: str, jobseeker: Jobseeker) -> str:
    return phone if phone and phone == jobseeker.phone else read_number(phone, agency=jobseeker.agency)


def offered(
    windows: Iterable[Window], agency: Agency, *, now: datetime, standing: Iterable[Window] = ()
) -> list[Window]:
    chosen = sorted(set(windows))
    if not chosen:
        raise DomainError(NO_WINDOW, about="windows")
    possible = {*windows_of(agency, now=now), *(window for window in standing if window.ends_at > now)}
    if not possible.issuperset(chosen):
        raise DomainError(WINDOW_GONE, about="windows")
    return chosen


def check_not_too_often(person: Jobseeker) -> None:
    """Count requests and changes of them together."""
    asked = CallbackEvent.objects.filter(
        request__jobseeker=person, actor=person.user, from_state__in=("", CallbackState.OPEN), to_state="open"
    )
    check_bound(BoundedAct.CALLBACKS, done=lambda since: asked.filter(at__gt=since).count())


def promise(request: CallbackRequest, windows: list[Window]) -> None:
    """Set the instants that follow from the windows."""
    request.window_starts_at, request.window_ends_at = windows[0].starts_at, windows[-1].ends_at
    request.team_at, request.manager_at = risen_at(windows, TEAM_SHARE), risen_at(windows, MANAGER_SHARE)


def write_windows(request: CallbackRequest, windows: list[Window]) -> None:
    request.windows.all().delete()
    CallbackWindow.objects.bulk_create(
        CallbackWindow(request=request, starts_at=window.starts_at, ends_at=window.ends_at) for window in windows
    )


def locked_row(request: CallbackRequest) -> tuple[CallbackRequest, datetime]:
    """Lock the person, then the request, and end its claim if that has lapsed. Return it with the instant of the act.

    A hand-over also locks the person, so it comes before or after. The instant is later than what the lock waited for.
    """
    person = lock_jobseeker(request.jobseeker_id)
    locked = lock_callback(request.pk)
    locked.jobseeker = person
    now = timezone.now()
    if locked.claim_ends_at is not None and locked.claim_ends_at <= now:
        reopen(locked, actor=None, at=locked.claim_ends_at, event="lapsed")
    return locked, now


def lapses_at(request: CallbackRequest) -> datetime:
    """Return when the claim of a request ends; raise ValueError if nobody has it in hand."""
    if request.claim_ends_at is None:
        raise ValueError("nobody has the request in hand")
    return request.claim_ends_at


def check_answers(actor: User, request: CallbackRequest, *, now: datetime) -> None:
    """Raise NoRightError unless the actor may answer the request now."""
    check_role(actor, Role.ADVISER, Role.MANAGER)
    if not CallbackRequest.objects.answered_by(actor, now=now).filter(pk=request.pk).exists():
        raise NoRightError(f"{SOMEBODY_ELSE_ANSWERS} {NOTHING_KEPT}")


def check_open(request: CallbackRequest) -> None:
    if request.state not in OPEN_CALLBACKS:
        raise CallbackClosedError(CLOSED_MEANWHILE)


def check_not_in_other_hands(request: CallbackRequest, actor: User, *, now: datetime) -> None:
    holder = request.claimed_by
    if holder is not None and holder.pk != actor.pk:
        since = duration_in_words(now - (request.claimed_at or now))
        raise CallbackInHandError(IN_HAND.format(name=holder.full_name, since=since))


def attempted(request: CallbackRequest, *, actor: User, outcome: AttemptOutcome) -> tuple[CallbackRequest, datetime]:
    """Lock the request and record an attempt; return it with the instant of the attempt.

    Who did not claim the request before may record one if nobody else has it.
    """
    locked, now = locked_row(request)
    check_answers(actor, locked, now=now)
    check_open(locked)
    check_not_in_other_hands(locked, actor, now=now)
    if outcome not in OUTCOMES[CallbackWay(locked.way)]:
        raise DomainError(NOT_IN_THIS_WAY, about="result")
    CallbackAttempt.objects.create(request=locked, at=now, actor=actor, outcome=outcome, phone=locked.number)
    return locked, now


def claim(request: CallbackRequest, *, actor: User, at: datetime) -> None:
    request.claimed_at, request.claimed_by = at, actor
    _move(request, CallbackState.CLAIMED, actor=actor, at=at)


def reopen(request: CallbackRequest, *, actor: User | None, at: datetime, event: str) -> None:
    request.claimed_at = request.claimed_by = None
    _move(request, CallbackState.OPEN, actor=actor, at=at, event=event)


def close(request: CallbackRequest, *, actor: User, at: datetime, to_state: CallbackState) -> None:
    request.claimed_at = request.claimed_by = None
    request.closed_at, request.closed_by = at, actor
    _move(request, to_state, actor=actor, at=at)
    write_summary(jobseeker_id=request.jobseeker_id, callback_due_at=None)


def _move(
    request: CallbackRequest, to_state: CallbackState, *, actor: User | None, at: datetime, event: str = ""
) -> None:
    from_state = CallbackState(request.state)
    if to_state not in CALLBACK_TRANSITIONS[from_state]:
        raise CallbackClosedError(CLOSED_MEANWHILE)
    request.state = to_state
    request.save()
    log(request, actor=actor, at=at, from_state=from_state, event=event)


def log(request: CallbackRequest, *, actor: User | None, at: datetime, from_state: str, event: str = "") -> None:
    CallbackEvent.objects.create(
        request=request, at=at, actor=actor, from_state=from_state, to_state=CallbackState(request.state)
    )
    said = {"event": event} if event else {}
    audit.record(
        actor=actor,
        jobseeker=request.jobseeker,
        action=AuditAction.CALLBACK,
        request=request.pk,
        state=request.state,
        **said,
    )
