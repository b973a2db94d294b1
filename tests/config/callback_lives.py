"""The call-backs of a life, as `tests.config.lives` lives it again."""

from functools import partial
from typing import TYPE_CHECKING

from messaging.enums import AttemptOutcome, CallbackState, CallbackSubject, CallbackWay
from messaging.models import CallbackAttempt, CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.rules import Window
from messaging.services.callbacks import (
    ask_callback,
    cancel_callback,
    claim_callback,
    close_callback,
    miss_callback,
)

if TYPE_CHECKING:
    from tests.config.lives import Life, Twin


def add_callbacks(life: "Life") -> None:
    """Add each request, its attempts, its claim and its end."""
    for request in CallbackRequest.objects.filter(jobseeker=life.person).select_related("closed_by", "claimed_by"):
        missed = list(request.attempts.exclude(outcome=AttemptOutcome.REACHED).select_related("actor"))
        life.add(request.asked_at, partial(_ask_callback, request, bool(missed)))
        for attempt in missed:
            life.add(attempt.at, partial(_miss, request, attempt))
        life.add(request.claimed_at, partial(_claim, request))
        life.add(request.closed_at, partial(_call if request.state == CallbackState.DONE else _withdraw, request))


def _ask_callback(request: CallbackRequest, missed: bool, twin: "Twin") -> None:
    # After an attempt the row has the windows of the next one.
    standing = [Window(starts_at=request.window_starts_at, ends_at=request.window_ends_at)]
    windows = windows_of(twin.person.agency, now=request.asked_at)[:1] if missed else standing
    twin.known["callback", request.pk] = ask_callback(
        actor=twin.user,
        jobseeker=twin.person,
        subject=CallbackSubject(request.subject),
        phone=request.phone,
        windows=windows,
        comment=request.comment,
        way=CallbackWay(request.way),
    )


def _miss(request: CallbackRequest, attempt: CallbackAttempt, twin: "Twin") -> None:
    miss_callback(
        actor=twin.acting(attempt.actor),
        request=twin.known["callback", request.pk],
        outcome=AttemptOutcome(attempt.outcome),
    )


def _claim(request: CallbackRequest, twin: "Twin") -> None:
    claim_callback(actor=twin.acting(request.claimed_by), request=twin.known["callback", request.pk])


def _withdraw(request: CallbackRequest, twin: "Twin") -> None:
    cancel_callback(actor=twin.user, request=twin.known["callback", request.pk])


def _call(request: CallbackRequest, twin: "Twin") -> None:
    close_callback(
        actor=twin.acting(request.closed_by), request=twin.known["callback", request.pk], outcome=request.outcome
    )
