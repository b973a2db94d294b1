"""The waiting list: who has no adviser since when, and a place for each."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.forms.moves.transfers import PlaceForm
from caseload.reads.moves.waiting_list import Waiting, in_charge_of, proposals_for, waiting_for, with_modalities
from caseload.reads.moves.who_answers import follower_of
from caseload.services.moves.waiting_list import place_waiting

PER_PAGE = 100


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def waiting_list(request: AuthenticatedRequest) -> HttpResponse:
    """The people of a manager's regions, or of an adviser's agency, who wait for an adviser; the longest wait first."""
    page = Paginator(waiting_for(request.user), PER_PAGE).get_page(request.GET.get("page"))
    lines = with_modalities(list(page.object_list), now=timezone.now())
    return render(request, "caseload/moves/waiting_list.html", {"page": page, "lines": lines})


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def place_person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Propose portfolios with their gauges, and place the person into one of them."""
    person: Jobseeker = get_object_or_404(in_charge_of(request.user), pk=pk)
    if (follower := follower_of(person)) is not None:
        messages.info(request, f"{person} est déjà suivi par {follower}.")
        return redirect("waiting_list")
    (waiting,) = with_modalities([get_object_or_404(waiting_for(request.user), pk=pk)], now=timezone.now())
    if request.method != "POST":
        return _render(request, waiting, PlaceForm(proposals=proposals_for(request.user, waiting)))
    form = PlaceForm(request.POST, proposals=proposals_for(request.user, waiting))
    if not form.is_valid():
        return _render(request, waiting, form, status=422)
    try:
        place_waiting(actor=request.user, jobseeker=waiting.person, portfolio=form.cleaned_data["portfolio"])
    except NotAllowedNowError as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("waiting_list")
    except DomainError as refusal:
        form = PlaceForm(request.POST, proposals=proposals_for(request.user, waiting))
        form.is_valid()
        add_refusal(form, refusal)
        return _render(request, waiting, form, status=409)
    adviser = form.cleaned_data["portfolio"].adviser
    messages.success(request, f"{adviser} suit maintenant {waiting.person}.")
    return redirect("waiting_list")


def _render(request: AuthenticatedRequest, waiting: Waiting, form: PlaceForm, *, status: int = 200) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=waiting.person, part=FilePart.WAITING)
    return render(
        request,
        "caseload/moves/place.html",
        {"waiting": waiting, "form": form, "proposals": form.proposals, "chosen": form.chosen},
        status=status,
    )
