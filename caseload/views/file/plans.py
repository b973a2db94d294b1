"""A person's contact plan: kept or changed by the adviser with the person."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import ContactNature, FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.plans import CHANGE, PlanDecisionForm, contact_by
from accompaniment.models import Contact, ContactPlan, Jobseeker, Obligation, PlanRequest
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.services.plan_reviews import decide_plan
from accompaniment.services.plans import PlanChangedMeanwhileError, hold_obligation
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.reads.file.plan_page import PlanPage, chosen_by_hand, plan_page
from caseload.reads.moves.who_answers import relay_of
from caseload.views.desk.day import own_desk

PLANS_SHOWN = 5


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_plan(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show the plan with its history; keep it or set another one."""
    person = _visible(request, pk)
    page = plan_page(person, now=timezone.now())
    if request.method != "POST":
        return _render(request, page, _form(page, to_change=request.GET.get("decision") == CHANGE))
    form = _form(page, request)
    if not form.is_valid():
        return _render(request, page, form, status=422)
    try:
        decide_plan(
            actor=request.user,
            jobseeker=person,
            new_plan=form.new_plan,
            reason=form.cleaned_data["reason"],
            review_on=form.cleaned_data["review_on"],
            seen=form.cleaned_data["seen"] or None,
        )
    except PlanChangedMeanwhileError:
        return _changed_meanwhile(request, person)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _render(request, page, form, status=409)
    kept = form.new_plan is None
    messages.success(request, "Le plan de contact est gardé." if kept else "Le nouveau plan de contact est en place.")
    return redirect("person", pk=person.pk)


@role_required(Role.ADVISER)
@require_POST
@once
def hold_by_contact(request: AuthenticatedRequest, pk: int, contact: int) -> HttpResponse:
    """Let a message or a call of the journal hold the obligation that is due, by the adviser's decision."""
    obligation = get_to_act(Obligation.objects.due(), request.user, pk=pk)
    line = get_object_or_404(chosen_by_hand(Contact.objects.all()), pk=contact, jobseeker=obligation.jobseeker_id)
    try:
        hold_obligation(actor=request.user, obligation=obligation, contact=line)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, "L'échéance est tenue par ce contact.")
    return redirect("person_plan", pk=obligation.jobseeker_id)


@role_required(Role.ADVISER)
@require_safe
def plans_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The plans that wait for the adviser, for the page of the day."""
    desk = own_desk(request.user)
    waiting = ContactPlan.objects.visible_to(request.user).to_review(desk.today).select_related("jobseeker")
    waiting = waiting.annotate(relay=relay_of(request.user, now=desk.now))
    return render(
        request,
        "caseload/file/partials/_plans_panel.html",
        {"plans": list(waiting[:PLANS_SHOWN]), "count": waiting.count(), "today": desk.today},
    )


def _visible(request: AuthenticatedRequest, pk: int) -> Jobseeker:
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    return person


def _contact(plan: ContactPlan | None, wish: PlanRequest | None) -> str:
    """Return the contact that the form begins with: by the channel that the person wishes, or the present one."""
    if wish is not None and wish.wished_channel:
        return contact_by(wish.wished_channel, nature=plan.nature if plan else ContactNature.INTERVIEW)
    return f"{plan.nature}-{plan.channel}" if plan else ""


def _form(page: PlanPage, request: AuthenticatedRequest | None = None, *, to_change: bool = False) -> PlanDecisionForm:
    plan = page.current.plan if page.current else None
    default = page.default
    shown = plan or default
    wish = page.open_request
    wished = wish.wished_interval_days if wish else None
    initial = {
        "seen": page.state,
        "decision": CHANGE if to_change else "",
        "contact": _contact(plan, wish),
        "interval_days": wished or (plan.interval_days if plan else None),
        "review_on": page.next_review,
    }
    return PlanDecisionForm(
        request.POST if request else None,
        initial=initial,
        present_interval=shown.interval_days if shown else None,
        answers=wish is not None,
    )


def _changed_meanwhile(request: AuthenticatedRequest, person: Jobseeker) -> HttpResponse:
    """Show what has changed meanwhile beside what was typed, which can be sent again."""
    page = plan_page(person, now=timezone.now())
    typed = request.POST.copy()
    parts = zip(("plan", "review", "wish"), str(typed.get("seen")).split("."), page.state.split("."), strict=False)
    changed = next((name for name, before, after in parts if before != after), "plan")
    typed["seen"] = page.state
    present = page.current.plan.interval_days if page.current else None
    form = PlanDecisionForm(typed, present_interval=present, answers=page.open_request is not None)
    form.is_valid()
    return _render(request, page, form, status=409, changed=changed)


def _render(
    request: AuthenticatedRequest,
    page: PlanPage,
    form: PlanDecisionForm,
    *,
    status: int = 200,
    changed: str = "",
) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=page.person, part=FilePart.CONTACT_PLAN)
    return render(
        request,
        "caseload/file/plan.html",
        {"page": page, "person": page.person, "form": form, "changed": changed},
        status=status,
    )
