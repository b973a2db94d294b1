"""« Mon espace »: the next step and what the person can do, then the adviser, the action plan and the track."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accompaniment.enums import ObligationState, Role
from accompaniment.models import Accompaniment, Contact, ContactPlan, Obligation, PlanRequest
from accompaniment.reads.action_plan import next_steps, objectives_of, with_sources
from accompaniment.reads.contact_plans import plan_sentence
from accompaniment.reads.standing import standing_of
from accompaniment.rules.errors import DomainError
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.views.access import AuthenticatedRequest, page_of, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file, own_standing

CONTACTS_PER_PAGE = 50
STEPS_SHOWN = 3
SETTLED_SHOWN = 12
"""The number of held or waived obligations shown. Open ones are all shown."""


@role_required(Role.JOBSEEKER)
@require_safe
def space(request: AuthenticatedRequest) -> HttpResponse:
    standing = own_standing(request)
    return render(
        request,
        "accompaniment/space.html",
        {
            "person": standing.person,
            "standing": standing,
            "steps": next_steps(standing.person)[:STEPS_SHOWN],
        },
    )


@role_required(Role.JOBSEEKER)
@require_POST
@once
def ask(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    try:
        ask_enrolment(actor=request.user, jobseeker=person)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
        return redirect("space")
    messages.success(request, "Votre demande de 100\u00a0% web est enregistrée.")
    return redirect("acceptance")


@role_required(Role.JOBSEEKER)
@require_safe
def my_accompaniment(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    today = timezone.now().astimezone(person.agency.zone).date()
    plans = list(ContactPlan.objects.filter(jobseeker=person).order_by("-starts_on", "-pk"))
    plan = next((one for one in plans if one.ended_on is None), None)
    earlier_plans = [one for one in plans if one.ended_on is not None]
    settled = Obligation.objects.filter(jobseeker=person).exclude(state=ObligationState.DUE).order_by("-due_on", "-pk")
    return render(
        request,
        "accompaniment/accompaniment.html",
        {
            "person": person,
            "standing": standing_of(person, timezone.now()),
            "periods": Accompaniment.objects.filter(jobseeker=person)
            .select_related("decided_by")
            .order_by("-started_at"),
            "plan": plan,
            "plan_sentence": plan and plan_sentence(plan, today=today),
            "objectives": with_sources(objectives_of(person)),
            "plan_review": plan and plan.reviews.last(),
            "plan_request": PlanRequest.objects.filter(jobseeker=person).order_by("-asked_at").first(),
            "earlier_plans": [(plan_sentence(earlier, today=today), earlier) for earlier in earlier_plans],
            "due": list(Obligation.objects.due().filter(jobseeker=person)),
            "settled": list(settled[:SETTLED_SHOWN]),
            "journal_is_asked": "page" in request.GET,
            "today": today,
            "page": page_of(
                request,
                Contact.objects.filter(jobseeker=person).select_related("author"),
                per_page=CONTACTS_PER_PAGE,
            ),
        },
    )
