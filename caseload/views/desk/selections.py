"""Group actions for the people ticked in the portfolio list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.reads.contact_plans import ending_with_the_plan, plan_states
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import went_through
from caseload.forms.desk.selection import PlansForm, list_in, seen_in, selected_in
from caseload.services.desk.selections import change_plans, followed_among
from caseload.views.desk.day import own_desk


@require_safe
@role_required(Role.ADVISER)
def note_for_one(request: AuthenticatedRequest) -> HttpResponse:
    """Lead to the form for a contact with the one person who is ticked; otherwise back to the list."""
    selected = selected_in(request.GET)
    people = followed_among(actor=request.user, people=selected)
    if len(selected) == 1 and people:
        return redirect("person_contact", pk=people[0].pk)
    messages.warning(request, "Cochez une seule personne pour consigner un contact.")
    ticked = "".join(f"&personne={pk}" for pk in selected)
    return redirect(f"{reverse('my_portfolio')}{list_in(request.GET).address}{ticked}")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
def plan_many(request: AuthenticatedRequest) -> HttpResponse:
    """Set one contact plan for several people, and name those for whom it failed."""
    desk = own_desk(request)
    sent = request.POST if request.method == "POST" else request.GET
    selected = selected_in(sent)
    people = followed_among(actor=request.user, people=selected)
    context = {"people": people, "gone": len(selected) - len(people), "selected": selected, "asked": list_in(sent)}
    present = plan_states([person.pk for person in people])
    tokens = seen_in(sent) if request.method == "POST" else {pk: shown.token for pk, shown in present.items()}
    ending = ending_with_the_plan([person.pk for person in people])
    context["ending"] = [(person, ending[person.pk]) for person in people if person.pk in ending]
    context["seen"] = [f"{pk}:{token}" for pk, token in tokens.items() if pk in present]
    form = PlansForm(request.POST if request.method == "POST" else None, today=desk.today)
    if request.method != "POST" or not people or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "caseload/desk/plan_many.html", context | {"form": form}, status=status)
    outcomes = change_plans(
        actor=request.user,
        jobseekers=people,
        new_plan=form.new_plan,
        reason=form.cleaned_data["reason"],
        review_on=form.cleaned_data["review_on"],
        seen={pk: shown.read(tokens.get(pk, "")) for pk, shown in present.items()},
    )
    context |= {
        "done": [outcome.jobseeker for outcome in outcomes if not outcome.why_not],
        "not_done": [outcome for outcome in outcomes if outcome.why_not],
    }
    answer = render(request, "caseload/desk/plan_many_done.html", context)
    went_through(request, answer)
    return answer
