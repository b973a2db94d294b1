"""The person's own contact plan: asking for another one, and withdrawing the request."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.plans import PlanWishForm
from accompaniment.models import PlanRequest
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.plan_reviews import ask_plan_change, withdraw_plan_request
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def ask_change(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    form = PlanWishForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                ask_plan_change(actor=request.user, jobseeker=person, **form.cleaned_data)
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = 409 if isinstance(refusal, NotAllowedNowError) else 422
            else:
                messages.success(request, "Votre demande est transmise. La réponse arrivera ici et par e-mail.")
                return redirect("my_accompaniment")
    return render(
        request,
        "accompaniment/plan_wish.html",
        {
            "form": form,
            "standing_request": PlanRequest.objects.open().filter(jobseeker=person).first(),
        },
        status=status,
    )


@role_required(Role.JOBSEEKER)
@require_POST
@once
def withdraw(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Withdraw the person's own unanswered request."""
    wish = get_object_or_404(PlanRequest.objects.visible_to(request.user).select_related("jobseeker"), pk=pk)
    try:
        withdraw_plan_request(actor=request.user, request=wish)
    except DomainError as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, "Votre demande est retirée. Votre plan de contact reste le même.")
    return redirect("my_accompaniment")
