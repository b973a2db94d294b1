"""Noted absences: the person explains, and somebody who may act on the file decides."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from visio.enums import AbsenceDecision, InterviewState
from visio.forms import AbsenceAnswerForm, AbsenceDecisionForm
from visio.models import Interview
from visio.rules import ABSENCE_STATES
from visio.services.missed import decide_absence, explain_absence, obstacle_to_confirming, shown_answers

PER_PAGE = 50


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def explain(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show the decision and how to contest it; until then let the person explain a noted absence."""
    interview = get_object_or_404(Interview.objects.visible_to(request.user).with_absence(), pk=pk)
    form = AbsenceAnswerForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                explain_absence(actor=request.user, interview=interview, text=form.cleaned_data["text"])
            except DomainError as refusal:
                add_refusal(form, refusal)
                interview = Interview.objects.visible_to(request.user).with_absence().get(pk=pk)
                status = 409
            else:
                messages.success(
                    request, "Votre explication est envoyée. Vous pouvez la compléter jusqu'à la décision."
                )
                return redirect("explain_absence", pk=pk)
    return render(
        request,
        "visio/explain_absence.html",
        {
            "interview": interview,
            "form": form,
            "unsaved": _unsaved(form, "text"),
            "answers": list(interview.absence_answers.all()),
            "decision": interview.last_decision(),
        },
        status=status,
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def absences(request: AuthenticatedRequest) -> HttpResponse:
    """List the noted absences of the user's people that wait for a decision, explained ones first."""
    now = timezone.now()
    found = Interview.objects.visible_to(request.user).noted().with_people()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "visio/absences.html", {"page": page, "now": now})


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def decide(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a noted absence with the person's explanations, and confirm it or set it aside."""
    interview: Interview = get_to_act(Interview.objects.with_absence(), request.user, pk=pk)
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.INTERVIEW)
    now = timezone.now()
    status = 200
    posted = request.method == "POST"
    form = AbsenceDecisionForm(
        request.POST if posted else None, may_confirm=_may_confirm(interview), shown=shown_answers(interview)
    )
    if posted:
        status = 422
        if form.is_valid():
            facts = form.cleaned_data
            try:
                decide_absence(
                    actor=request.user,
                    interview=interview,
                    decision=AbsenceDecision(facts["decision"]),
                    reason=facts["reason"],
                    seen=facts["seen"],
                )
            except DomainError as refusal:
                interview = get_to_act(Interview.objects.with_absence(), request.user, pk=pk)
                if isinstance(refusal, ChangedMeanwhileError):
                    form.again(refusal)
                form = AbsenceDecisionForm(
                    form.data, may_confirm=_may_confirm(interview), shown=shown_answers(interview)
                )
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, f"La décision est enregistrée. {interview.jobseeker} la reçoit par e-mail.")
                return redirect("absences_to_decide")
    answers = list(interview.absence_answers.all())
    return render(
        request,
        "visio/decide_absence.html",
        {
            "interview": interview,
            "form": form,
            "answers": answers,
            "decision": interview.last_decision(),
            "unsaved": _unsaved(form, "reason"),
            "can_decide": interview.state in ABSENCE_STATES,
            "obstacle": obstacle_to_confirming(interview, now=now) if interview.state == InterviewState.NOTED else "",
        },
        status=status,
    )


def _may_confirm(interview: Interview) -> bool:
    return interview.state == InterviewState.NOTED and obstacle_to_confirming(interview, now=timezone.now()) is None


def _unsaved(form: forms.Form, name: str) -> list[tuple[str, str]]:
    """Return the content of a form that came too late, with its labels."""
    typed = str(form[name].value() or "").strip() if form.is_bound else ""
    return [(str(form[name].label), typed)] if typed else []
