"""Call-back requests, for the person who asks and for the adviser who calls."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name, opening_hours_in_lines
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from caseload.reads.moves.who_answers import follower_of, relay_of
from messaging.enums import CallbackState
from messaging.forms import CallbackForm, OutcomeForm
from messaging.models import CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.services.callbacks import (
    CallbackAlreadyOpenError,
    CallbackClosedError,
    ask_callback,
    cancel_callback,
    close_callback,
)

CLOSED_SHOWN = 20
PAST_SHOWN = 10


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def callback_list(request: AuthenticatedRequest) -> HttpResponseBase:
    """The adviser's call-backs by due time, with closed ones below. A jobseeker is led to the form."""
    if request.user.is_jobseeker:
        return redirect("ask_callback")
    mine = CallbackRequest.objects.visible_to(request.user).select_related("jobseeker__agency__departement__region")
    waiting = list(mine.open().annotate(relay=relay_of(request.user, now=timezone.now())))
    closed = list(
        mine.exclude(state=CallbackState.OPEN).select_related("closed_by").order_by("-closed_at")[:CLOSED_SHOWN]
    )
    audit.record_readings(
        actor=request.user, people=[one.jobseeker_id for one in [*waiting, *closed]], part=FilePart.CALLBACK
    )
    return render(
        request,
        "messaging/callbacks.html",
        {"open_requests": waiting, "closed_requests": closed, "now": timezone.now()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def close(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """One request with the number to call, and the form for the outcome."""
    callback = get_to_act(
        CallbackRequest.objects.select_related("jobseeker__agency__departement__region", "closed_by"),
        request.user,
        pk=pk,
    )
    form = OutcomeForm(request.POST or None, auto_id=f"rappel-{pk}-%s")
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                close_callback(actor=request.user, request=callback, outcome=form.cleaned_data["outcome"])
            except CallbackClosedError:
                callback.refresh_from_db()
            except DomainError as error:
                add_refusal(form, error)
            else:
                said = f"Rappel {of_name(callback.jobseeker)} noté dans le journal."
                if request.htmx:
                    return render(request, "caseload/partials/_acted.html", {"sentence": said})
                messages.success(request, said)
                return redirect("callbacks")
    for part in (FilePart.CALLBACK, FilePart.CONTACT_DETAILS):
        audit.record_reading(actor=request.user, jobseeker=callback.jobseeker, part=part)
    came_too_late = request.method == "POST" and callback.state != CallbackState.OPEN
    return render(
        request,
        "messaging/partials/_callback_act.html" if request.htmx else "messaging/callback.html",
        {
            "callback": callback,
            "form": form,
            "now": timezone.now(),
            "came_too_late": came_too_late,
            "unsaved": [(form["outcome"].label, form["outcome"].value())] if form["outcome"].value() else [],
        },
        status=HTTPStatus.CONFLICT if came_too_late else status,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.JOBSEEKER)
@once
def ask(request: AuthenticatedRequest) -> HttpResponseBase:
    """The person's own request: the open one, or the form for a new one."""
    person = own_file(request)
    now = timezone.now()
    form = _form(request, person, now)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                ask_callback(actor=request.user, jobseeker=person, **form.cleaned_data)
            except CallbackAlreadyOpenError as error:
                messages.warning(request, error.sentence)
                return redirect("ask_callback")
            except DomainError as error:
                add_refusal(form, error)
            else:
                way = "vous écrira" if form.cleaned_data["in_writing"] else "vous appellera"
                messages.success(request, f"Votre demande est enregistrée. Votre conseiller {way}.")
                return redirect("ask_callback")
    return render(request, "messaging/ask_callback.html", _ask_context(person, form), status=status)


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


def _form(request: AuthenticatedRequest, person: Jobseeker, now: datetime) -> CallbackForm:
    return CallbackForm(
        request.POST or None,
        windows=windows_of(person.agency, now=now),
        person=person,
    )


def _ask_context(person: Jobseeker, form: CallbackForm) -> dict[str, Any]:
    requests = CallbackRequest.objects.filter(jobseeker=person)
    return {
        "person": person,
        "form": form,
        "followed": follower_of(person) is not None,
        "agency": person.agency,
        "hours": opening_hours_in_lines(person.agency.opening_hours.all()),
        "open_request": requests.open().first(),
        "past_requests": list(requests.exclude(state=CallbackState.OPEN).order_by("-closed_at")[:PAST_SHOWN]),
    }
