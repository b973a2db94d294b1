"""Call-back requests, for the person who asks and for the staff who call."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name, opening_hours_in_lines
from accompaniment.services import audit
from accompaniment.views.access import (
    ONLY_READS,
    WHO_FOLLOWS_CAN,
    AuthenticatedRequest,
    MissingRightError,
    role_required,
)
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from caseload.reads.moves.who_answers import follower_of
from messaging.enums import CallbackState, CallbackSubject, CallbackWay
from messaging.forms import CallbackForm, OutcomeForm, window_value
from messaging.models import CallbackRequest
from messaging.reads.callback_queue import Call, call_of, calls_of, open_call_of, with_people
from messaging.reads.callback_windows import windows_of
from messaging.rules import OPEN_CALLBACKS, Window
from messaging.services.callback_steps import CallbackAlreadyOpenError, CallbackClosedError
from messaging.services.callbacks import (
    ask_callback,
    cancel_callback,
    change_callback,
    claim_callback,
    claim_next,
    close_callback,
    miss_callback,
    release_callback,
)

CLOSED_SHOWN = 20
PAST_SHOWN = 10


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER, Role.MANAGER)
def callback_list(request: AuthenticatedRequest) -> HttpResponseBase:
    """The call-backs that the reader may answer, by due time, with closed ones below.

    A jobseeker is led to the form.
    """
    if request.user.is_jobseeker:
        return redirect("ask_callback")
    now, reader = timezone.now(), request.user
    everything = CallbackRequest.objects.all()
    waiting = calls_of(with_people(everything.answered_by(reader, now=now).open(), reader, now=now), reader, now=now)
    mine = Q(closed_by=reader)
    if reader.is_adviser:
        mine |= Q(jobseeker__in=Jobseeker.objects.visible_to(reader))
    done = everything.filter(mine, ~Q(state__in=OPEN_CALLBACKS)).order_by("-closed_at")
    closed = calls_of(with_people(done, reader, now=now)[:CLOSED_SHOWN], reader, now=now)
    audit.record_readings(
        actor=reader, people=[one.request.jobseeker_id for one in [*waiting, *closed]], part=FilePart.CALLBACK
    )
    own = [call for call in waiting if call.own and not reader.is_manager]
    return render(
        request,
        "messaging/callbacks.html",
        {
            "waiting": waiting,
            "own": own,
            "of_others": [call for call in waiting if call not in own],
            "to_call": any(call.holder is None and (call.is_now or call.is_late) for call in waiting),
            "closed": closed,
            "now": now,
        },
    )


def _answered(request: AuthenticatedRequest, pk: int, *, now: datetime) -> CallbackRequest:
    """Return a request that the reader may answer now; 404 if they may not see it, 403 if they may only read it."""
    found = CallbackRequest.objects.select_related("jobseeker__agency__departement__region", "closed_by")
    callback: CallbackRequest | None = found.answered_by(request.user, now=now).filter(pk=pk).first()
    if callback is None and request.user.is_adviser:
        get_object_or_404(CallbackRequest.objects.readable_by(request.user), pk=pk)
        raise MissingRightError(missing=ONLY_READS, remedy=WHO_FOLLOWS_CAN)
    if callback is None:
        raise Http404
    return callback


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER, Role.MANAGER)
@once
def close(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """One request with the number to call, and the form for what came of the call."""
    now = timezone.now()
    callback = _answered(request, pk, now=now)
    call = call_of(callback, request.user, now=now)
    if request.method != "POST" and not (call.is_open or call.own or callback.closed_by_id == request.user.pk):
        raise Http404
    form = OutcomeForm(request.POST or None, auto_id=f"rappel-{pk}-%s")
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                said = _noted(request, callback, form)
            except CallbackClosedError:
                pass
            except DomainError as error:
                add_refusal(form, error, result="outcome")
            else:
                if request.htmx:
                    return render(request, "caseload/partials/_acted.html", {"sentence": said})
                messages.success(request, said)
                return redirect("callbacks")
        call = call_of(callback, request.user, now=now)
    return _shown(request, call, form, status=status)


def _noted(request: AuthenticatedRequest, callback: CallbackRequest, form: OutcomeForm) -> str:
    """Record what came of a call, and return a sentence about it."""
    if form.missed is None:
        close_callback(actor=request.user, request=callback, outcome=form.cleaned_data["outcome"])
        return f"Rappel {of_name(callback.jobseeker)} noté dans le journal."
    after = miss_callback(actor=request.user, request=callback, outcome=form.missed)
    if after.state == CallbackState.UNREACHED:
        closed = f"La demande {of_name(callback.jobseeker)} est close"
        return f"Essai noté. {closed}\u00a0: un message lui propose d'autres heures."
    return f"Essai noté pour {callback.jobseeker}. Cette personne reste à rappeler."


def _shown(
    request: AuthenticatedRequest, call: Call, form: OutcomeForm, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponseBase:
    for part in (FilePart.CALLBACK, FilePart.CONTACT_DETAILS):
        audit.record_reading(actor=request.user, jobseeker=call.request.jobseeker, part=part)
    came_too_late = form.is_bound and not call.is_open
    return render(
        request,
        "messaging/partials/_callback_act.html" if request.htmx else "messaging/callback.html",
        {
            "call": call,
            "callback": call.request,
            "form": form,
            "now": call.now,
            "came_too_late": came_too_late,
            "unsaved": [(form["outcome"].label, form["outcome"].value())] if form["outcome"].value() else [],
        },
        status=HTTPStatus.CONFLICT if came_too_late else status,
    )


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def claim(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Take a request in hand."""
    return _act_on(request, pk, lambda callback: claim_callback(actor=request.user, request=callback))


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def release(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Give a request back."""
    return _act_on(request, pk, lambda callback: release_callback(actor=request.user, request=callback))


def _act_on(
    request: AuthenticatedRequest, pk: int, act: Callable[[CallbackRequest], CallbackRequest]
) -> HttpResponseBase:
    callback = _answered(request, pk, now=timezone.now())
    try:
        act(callback)
    except DomainError as error:
        messages.warning(request, error.sentence)
    if request.htmx:
        form = OutcomeForm(auto_id=f"rappel-{pk}-%s")
        return _shown(request, call_of(callback, request.user, now=timezone.now()), form)
    return redirect("callback", pk=pk)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def take_next(request: AuthenticatedRequest) -> HttpResponseBase:
    """Take the most urgent request in hand, and open it."""
    taken = claim_next(actor=request.user)
    if taken is None:
        messages.info(request, "Personne n'est à rappeler en ce moment.")
        return redirect("callbacks")
    return redirect("callback", pk=taken.pk)


# --- The person ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.JOBSEEKER)
@once
def ask(request: AuthenticatedRequest) -> HttpResponseBase:
    """The person's own request: where the open one stands, or the form for a new one."""
    person = own_file(request)
    now = timezone.now()
    last = CallbackRequest.objects.filter(jobseeker=person).order_by("-asked_at").values_list("way", flat=True).first()
    form = CallbackForm(
        request.POST or None,
        windows=windows_of(person.agency, now=now),
        person=person,
        initial={"way": last or CallbackWay.PHONE},
    )
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                ask_callback(actor=request.user, jobseeker=person, **_wish(form))
            except CallbackAlreadyOpenError as error:
                messages.warning(request, error.sentence)
                return redirect("ask_callback")
            except DomainError as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Votre demande est enregistrée.")
                return redirect("ask_callback")
    return render(request, "messaging/ask_callback.html", _ask_context(person, form, now), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.JOBSEEKER)
@once
def change(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Change the person's own open request."""
    person = own_file(request)
    now = timezone.now()
    callback = get_object_or_404(
        CallbackRequest.objects.visible_to(request.user).select_related("jobseeker__agency__departement__region"),
        pk=pk,
    )
    call = call_of(callback, request.user, now=now)
    if request.method != "POST" and not call.is_open:
        return redirect("ask_callback")
    standing = [Window(starts_at=one.starts_at, ends_at=one.ends_at) for one in call.windows if one.ends_at > now]
    form = CallbackForm(
        request.POST or None,
        windows=sorted({*windows_of(person.agency, now=now), *standing}),
        person=person,
        initial={
            "subject": callback.subject,
            "way": callback.way,
            "comment": callback.comment,
            "windows": [window_value(window) for window in standing],
        },
    )
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                change_callback(actor=request.user, request=callback, **_wish(form))
            except CallbackClosedError as error:
                messages.warning(request, error.sentence)
                return redirect("ask_callback")
            except DomainError as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Votre demande est modifiée.")
                return redirect("ask_callback")
    return render(request, "messaging/change_callback.html", {"form": form, "callback": callback}, status=status)


def _wish(form: CallbackForm) -> dict[str, Any]:
    wish = form.cleaned_data
    return {**wish, "subject": CallbackSubject(wish["subject"]), "way": CallbackWay(wish["way"])}


@require_POST
@role_required(Role.JOBSEEKER)
@once
def cancel(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Withdraw the person's own request."""
    callback = get_object_or_404(CallbackRequest.objects.visible_to(request.user), pk=pk)
    try:
        cancel_callback(actor=request.user, request=callback)
    except DomainError as error:
        messages.warning(request, error.sentence)
    else:
        messages.success(request, "Votre demande de rappel est annulée.")
    return redirect("ask_callback")


def _ask_context(person: Jobseeker, form: CallbackForm, now: datetime) -> dict[str, Any]:
    requests = CallbackRequest.objects.filter(jobseeker=person)
    return {
        "person": person,
        "form": form,
        "followed": follower_of(person) is not None,
        "agency": person.agency,
        "hours": opening_hours_in_lines(person.agency.opening_hours.all()),
        "call": open_call_of(person, now=now),
        "now": now,
        "past_requests": list(requests.exclude(state__in=OPEN_CALLBACKS).order_by("-closed_at")[:PAST_SHOWN]),
    }
