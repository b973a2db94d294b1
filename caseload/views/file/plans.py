"""A person's contact plan: kept or changed by the adviser with the person."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import ContactNature, FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.plans import CHANGE, PlanDecisionForm, contact_by
from accompaniment.models import Contact, ContactPlan, Jobseeker, Obligation, PlanRequest
from accompaniment.reads.contact_plans import PLAN_PARTS
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services import audit
from accompaniment.services.plan_reviews import decide_plan
from accompaniment.services.plans import hold_obligation
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.enums import QueueTab
from caseload.reads.desk.queue import first_rows
from caseload.reads.file.plan_page import PlanPage, chosen_by_hand, plan_page
from caseload.reads.moves.who_answers import relay_of
from caseload.rules.queue import rows_of
from caseload.views.desk.day import own_desk


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_plan(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show the plan with its history; keep it or set another one."""
    person = _visible(request, pk)
    page = plan_page(person, now=timezone.now())
    if request.method != "POST":
        return _render(request, page, _form(page, to_change=request.GET.get("decision") == CHANGE))
    form = _form(page, request.POST)
    if not form.is_valid():
        return _render(request, page, form, status=422)
    try:
        decide_plan(
            actor=request.user,
            jobseeker=person,
            new_plan=form.new_plan,
            reason=form.cleaned_data["reason"],
            review_on=form.cleaned_data["review_on"],
            seen=form.cleaned_data["seen"],
        )
    except ChangedMeanwhileError as changed:
        page = plan_page(person, now=timezone.now())
        name = next(name for name in PLAN_PARTS if name in changed.changed)
        return _render(request, page, _form(page, form.again(changed).data), status=409, changed=name, told=changed)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _render(request, page, form, status=409)
    kept = form.new_plan is None
    whose = of_name(person)
    said = f"Le plan de contact {whose} est gardé." if kept else f"Le nouveau plan de contact {whose} est en place."
    if request.htmx:
        return render(request, "caseload/partials/_acted.html", {"sentence": said})
    messages.success(request, said)
    return redirect("person", pk=person.pk)


@role_required(Role.ADVISER)
@require_POST
@once
def hold_by_contact(request: AuthenticatedRequest, pk: int, contact: int) -> HttpResponse:
    """Count a message or call of the journal as the due obligation, by the adviser's decision."""
    obligation = get_to_act(Obligation.objects.due(), request.user, pk=pk)
    line = get_object_or_404(chosen_by_hand(Contact.objects.all()), pk=contact, jobseeker=obligation.jobseeker_id)
    try:
        hold_obligation(actor=request.user, obligation=obligation, contact=line)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, "C'est noté\u00a0: ce contact compte comme l'entretien obligatoire.")
    return redirect("person_plan", pk=obligation.jobseeker_id)


@role_required(Role.ADVISER)
@require_safe
def plans_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The plans that need the adviser's decision, for the page of the day."""
    desk = own_desk(request)
    waiting = ContactPlan.objects.visible_to(request.user).to_review(desk.today).select_related("jobseeker")
    waiting = waiting.annotate(relay=relay_of(request.user, now=desk.now))
    plans, count = first_rows(waiting, limit=rows_of(QueueTab.PLANS, asked=request.GET.get("besoin", "")))
    return render(
        request,
        "caseload/file/partials/_plans_panel.html",
        {"plans": plans, "count": count, "others": count - len(plans), "today": desk.today},
    )


def _visible(request: AuthenticatedRequest, pk: int) -> Jobseeker:
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    return person


def _contact(plan: ContactPlan | None, wish: PlanRequest | None) -> str:
    """Return the initial contact of the form: by the channel that the person asks for, or the present one."""
    if wish is not None and wish.wished_channel:
        return contact_by(wish.wished_channel, nature=plan.nature if plan else ContactNature.INTERVIEW)
    return f"{plan.nature}-{plan.channel}" if plan else ""


def _form(page: PlanPage, typed: Mapping[str, Any] | None = None, *, to_change: bool = False) -> PlanDecisionForm:
    plan = page.current.plan if page.current else None
    default = page.default
    shown = plan or default
    wish = page.open_request
    wished = wish.wished_interval_days if wish else None
    initial = {
        "decision": CHANGE if to_change else "",
        "contact": _contact(plan, wish),
        "interval_days": wished or (plan.interval_days if plan else None),
        "review_on": page.next_review,
    }
    return PlanDecisionForm(
        typed,
        shown=page.shown,
        initial=initial,
        present_interval=shown.interval_days if shown else None,
        answers=wish is not None,
    )


def _render(
    request: AuthenticatedRequest,
    page: PlanPage,
    form: PlanDecisionForm,
    *,
    status: int = 200,
    changed: str = "",
    told: ChangedMeanwhileError | None = None,
) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=page.person, part=FilePart.CONTACT_PLAN)
    return render(
        request,
        "caseload/file/partials/_plan_act.html" if request.htmx else "caseload/file/plan.html",
        {"page": page, "person": page.person, "form": form, "changed": changed, "told": told},
        status=status,
    )
