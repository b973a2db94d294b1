"""The room of an interview, its two buttons for problems, and the device test."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accompaniment.enums import Bandwidth, Channel, FilePart, Role
from accompaniment.models import DeviceCheck
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.services.equipment import record_device_check
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from visio.enums import RoomMoment, RoomRole
from visio.forms import DeviceCheckForm, TroubleForm
from visio.models import Interview
from visio.rules import ROOM_OPENS_BEFORE
from visio.rules.states import room_moment
from visio.services.room import continue_by_phone, end_call, give_number, report_technical_failure

KEPT = "Le résultat est enregistré\u00a0: votre conseiller le verra."
UNREADABLE = "Le résultat n'a pas pu être enregistré. Actualisez la page et refaites le test."


@require_safe
def room(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Open the room for the two people around its time. Otherwise say when it opens, or what was decided."""
    interview = _of_the_two(request, token)
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.INTERVIEW)
    moment = room_moment(
        state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=timezone.now()
    )
    context = {
        "interview": interview,
        "is_adviser": interview.adviser.user_id == request.user.pk,
        "opens_at": interview.starts_at - ROOM_OPENS_BEFORE,
        "may_report": interview.may_report_failure(timezone.now()),
    }
    if moment == RoomMoment.CLOSED:
        return render(request, "visio/closed.html", context | {"came_too_late": False})
    if moment == RoomMoment.EARLY:
        return render(request, "visio/early.html", context)
    if moment == RoomMoment.OVER:
        return render(request, "visio/over.html", context)
    if interview.channel != Channel.VIDEO:
        return render(request, "visio/not_video.html", context)
    if context["is_adviser"]:
        audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.CONTACT_DETAILS)
    role = RoomRole.ADVISER if context["is_adviser"] else RoomRole.JOBSEEKER
    peer = interview.jobseeker if context["is_adviser"] else interview.adviser.user
    last = DeviceCheck.objects.visible_to(request.user).filter(jobseeker=interview.jobseeker).first()
    context |= {
        "role": role.value,
        "peer": peer.full_name,
        "without_microphone": not context["is_adviser"] and bool(last and last.without_microphone),
        "in_writing": bool(last and last.without_microphone),
    }
    return render(request, "visio/room.html", context)


@require_POST
def end(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """End the call for both; the room then shows what comes next."""
    interview = _of_the_two(request, token)
    try:
        end_call(actor=request.user, interview=interview)
    except DomainError as refusal:
        return _refused(request, refusal)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("room", token=interview.token)


@require_POST
def trouble(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Record a technical problem. The answer is a sentence for the room's live region."""
    interview = _of_the_two(request, token)
    form = TroubleForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        noted = report_technical_failure(actor=request.user, interview=interview, note=note)
    except DomainError as refusal:
        return _refused(request, refusal)
    return _noted(request, "visio/partials/_trouble_noted.html", noted)


@require_POST
def phone(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Go on by telephone. The adviser reads the number, and the person is told to expect the call."""
    interview = _of_the_two(request, token)
    try:
        noted = continue_by_phone(actor=request.user, interview=interview)
    except DomainError as refusal:
        return _refused(request, refusal)
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.CONTACT_DETAILS)
    return _noted(request, "visio/partials/_phone_noted.html", noted)


@role_required(Role.JOBSEEKER)
@require_POST
@once
def number(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Store the number at which the interview goes on by telephone; the adviser's page shows it."""
    interview = _of_the_two(request, token)
    written = request.POST.get("phone", "")
    try:
        interview = give_number(actor=request.user, interview=interview, phone=written)
    except DomainError as refusal:
        if not request.headers.get("HX-Request"):
            messages.error(request, refusal.sentence)
            return redirect("room", token=interview.token)
        facts = {"interview": interview, "refused": refusal.sentence, "written": written}
        return render(request, "visio/partials/_room_number.html", facts, status=422)
    return _noted(request, "visio/partials/_phone_noted.html", interview)


@role_required(Role.JOBSEEKER, Role.ADVISER)
@require_safe
def device_test(request: AuthenticatedRequest) -> HttpResponse:
    """Let a person test camera, microphone and connection before the interview."""
    return render(
        request,
        "visio/device_test.html",
        {
            "stun_urls": settings.STUN_URLS,
            "last": DeviceCheck.objects.visible_to(request.user).first() if request.user.is_jobseeker else None,
        },
    )


@role_required(Role.JOBSEEKER)
@require_POST
def device_test_result(request: AuthenticatedRequest) -> HttpResponse:
    """Store the findings of a person's test. The answer is a sentence for the page's live region."""
    form = DeviceCheckForm(request.POST)
    if not form.is_valid():
        return render(request, "visio/partials/_device_test_kept.html", {"sentence": UNREADABLE}, status=422)
    facts = form.cleaned_data
    try:
        record_device_check(
            actor=request.user,
            jobseeker=own_file(request),
            camera=facts["camera"],
            microphone=facts["microphone"] and not facts["without_microphone"],
            without_microphone=facts["without_microphone"],
            connection=Bandwidth(facts["connection"]),
            round_trip_ms=facts["round_trip_ms"],
            device=facts["device"],
        )
    except DomainError as refusal:
        return render(request, "visio/partials/_device_test_kept.html", {"sentence": refusal.sentence}, status=409)
    return render(request, "visio/partials/_device_test_kept.html", {"sentence": KEPT})


def _of_the_two(request: AuthenticatedRequest, token: str) -> Interview:
    interview: Interview = get_object_or_404(
        Interview.objects.of_the_two(request.user).with_people().select_related("report"), token=token
    )
    return interview


def _noted(request: AuthenticatedRequest, template: str, interview: Interview) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("room", token=interview.token)
    return render(
        request,
        template,
        {
            "interview": interview,
            "is_adviser": interview.adviser.user_id == request.user.pk,
        },
    )


def _refused(request: AuthenticatedRequest, refusal: DomainError) -> HttpResponse:
    return render(request, "visio/partials/_refused.html", {"sentence": refusal.sentence}, status=409)
