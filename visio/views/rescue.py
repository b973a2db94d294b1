"""An interview that has begun without one of the two: three answers, and what the other side reads of them."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Channel, FilePart
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest
from accompaniment.views.once import once
from visio.enums import RescueReply
from visio.forms import RescueForm
from visio.models import Interview, RescueAnswer
from visio.rules.rescue import may_answer
from visio.services.rescue import OVER, answer_rescue, side_of

STOP_POLLING = 286
"""htmx stops to ask again after an answer with this status."""


@require_http_methods(["GET", "HEAD", "POST"])
@once
def rescue(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Ask one of the two what happens, and record the answer. A technical problem leads to the telephone at once."""
    interview = _of_the_two(request, token)
    is_adviser = interview.adviser.user_id == request.user.pk
    form = RescueForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            reply = RescueReply(form.cleaned_data["reply"])
            try:
                answer_rescue(actor=request.user, interview=interview, reply=reply)
            except DomainError as refusal:
                form.add_error(None, refusal.sentence)
                status = 409
            else:
                if reply == RescueReply.COMING:
                    return redirect("room", token=token)
                messages.success(request, _SAID[reply])
                return redirect("rescue", token=token)
    interview = _of_the_two(request, token)
    own = RescueAnswer.objects.filter(interview=interview, side=side_of(interview, request.user)).last()
    if interview.phone_since and is_adviser:
        audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.CONTACT_DETAILS)
    context = {
        "form": form,
        "interview": interview,
        "is_adviser": is_adviser,
        "may_answer": _may_answer(interview),
        "over": OVER,
        "reply": own.reply if own else "",
        "replies": RescueReply,
    }
    return render(request, "visio/rescue.html", context, status=status)


@require_safe
def news(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """Show in the waiting room what the other side has answered. The page stops asking once both are there."""
    interview = _of_the_two(request, token)
    side = side_of(interview, request.user)
    last = RescueAnswer.objects.filter(interview=interview).exclude(side=side).last()
    is_over = interview.admitted_at is not None or not _may_answer(interview)
    return render(
        request,
        "visio/partials/_rescue_news.html",
        {"interview": interview, "said": last, "is_adviser": interview.adviser.user_id == request.user.pk},
        status=STOP_POLLING if is_over else HTTPStatus.OK,
    )


_SAID = {
    RescueReply.TROUBLE: "Le problème technique est noté\u00a0: ce n'est pas une absence.",
    RescueReply.CANNOT: "Votre réponse est notée\u00a0: ce n'est pas une absence.",
}


def _may_answer(interview: Interview) -> bool:
    return may_answer(
        state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=timezone.now()
    )


def _of_the_two(request: AuthenticatedRequest, token: str) -> Interview:
    found = Interview.objects.of_the_two(request.user).filter(channel=Channel.VIDEO)
    interview: Interview = get_object_or_404(found.with_people(), token=token)
    return interview
