"""The waiting list: people without an adviser, and a place for each."""

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
    """The people who wait in a manager's regions or an adviser's agency, the longest wait first."""
    page = Paginator(waiting_for(request.user), PER_PAGE).get_page(request.GET.get("page"))
    lines = with_modalities(list(page.object_list), now=timezone.now())
    return render(request, "caseload/moves/waiting_list.html", {"page": page, "lines": lines})


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def place_person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Propose portfolios with their gauges, and place the person in one of them."""
    person: Jobseeker = get_object_or_404(in_charge_of(request.user), pk=pk)
    if (follower := follower_of(person)) is not None:
        return _done(request, f"{follower} suit déjà {person}.", level=messages.INFO)
    (waiting,) = with_modalities([get_object_or_404(waiting_for(request.user), pk=pk)], now=timezone.now())
    if request.method != "POST":
        return _render(request, waiting, _form(request, waiting))
    form = _form(request, waiting)
    if not form.is_valid():
        return _render(request, waiting, form, status=422)
    try:
        place_waiting(actor=request.user, jobseeker=waiting.person, portfolio=form.cleaned_data["portfolio"])
    except NotAllowedNowError as refusal:
        return _done(request, refusal.sentence, level=messages.WARNING)
    except DomainError as refusal:
        form = _form(request, waiting)
        form.is_valid()
        add_refusal(form, refusal)
        return _render(request, waiting, form, status=409)
    adviser = form.cleaned_data["portfolio"].adviser
    return _done(request, f"{adviser} suit maintenant {waiting.person}.", level=messages.SUCCESS)


def _form(request: AuthenticatedRequest, waiting: Waiting) -> PlaceForm:
    typed = request.POST if request.method == "POST" else None
    return PlaceForm(typed, proposals=proposals_for(request.user, waiting), auto_id=f"placer-{waiting.person.pk}-%s")


def _done(request: AuthenticatedRequest, sentence: str, *, level: int) -> HttpResponse:
    """Say what has become of the person: on their line of the queue, or on the list."""
    if request.htmx:
        return render(request, "caseload/partials/_acted.html", {"sentence": sentence})
    messages.add_message(request, level, sentence)
    return redirect("waiting_list")


def _render(request: AuthenticatedRequest, waiting: Waiting, form: PlaceForm, *, status: int = 200) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=waiting.person, part=FilePart.WAITING)
    return render(
        request,
        "caseload/moves/partials/_place_act.html" if request.htmx else "caseload/moves/place.html",
        {"waiting": waiting, "form": form, "proposals": form.proposals, "chosen": form.chosen},
        status=status,
    )
