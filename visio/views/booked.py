"""What an adviser does with a booked interview of their own: move it with the person, or cancel it with a reason."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from visio.enums import InterviewState
from visio.forms import CancelForm
from visio.models import Interview
from visio.services.interviews import cancel_interview
from visio.views.booking import picker

TOO_LATE = "Cet entretien ne peut plus être changé\u00a0: concluez-le."
READS_IT = "La personne lit ces mots dans l'e-mail qui annule l'entretien. Elle peut choisir un autre créneau."


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def move(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose another slot for the interview, together with the person."""
    interview = _own(request, pk)
    if not _can_change(interview):
        messages.info(request, TOO_LATE)
        return redirect("agenda")
    return picker(request, interview.jobseeker, obligation=interview.obligation, moving=interview)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def cancel(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask why, then cancel."""
    interview = _own(request, pk)
    if not _can_change(interview):
        messages.info(request, TOO_LATE)
        return redirect("agenda")
    form = CancelForm(request.POST if request.method == "POST" else None, is_required=True, hint=READS_IT)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                cancel_interview(actor=request.user, interview=interview, reason=form.cleaned_data["reason"])
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, f"L'entretien est annulé. {interview.jobseeker} le lit par e-mail.")
                return redirect("person", pk=interview.jobseeker_id)
    return render(request, "visio/cancel_booked.html", {"interview": interview, "form": form}, status=status)


def _own(request: AuthenticatedRequest, pk: int) -> Interview:
    """Return an interview that the adviser conducts with a person whom they follow, and note the reading."""
    mine = Interview.objects.visible_to(request.user).filter(adviser__user=request.user)
    interview: Interview = get_object_or_404(mine.with_people(), pk=pk)
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.INTERVIEW)
    return interview


def _can_change(interview: Interview) -> bool:
    return interview.state == InterviewState.BOOKED and interview.starts_at > timezone.now()
