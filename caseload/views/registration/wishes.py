"""Requests made by word of mouth at the interview: find the person, record the request and begin."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import FilePart, Modality, Role
from accompaniment.forms.fields import search_in
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name
from accompaniment.services.audit import record_readings
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.forms.registration.interview import SearchForm, WishForm
from caseload.models import Adviser
from caseload.reads.registration.wishes import FOUND_AT_MOST, candidates
from caseload.services.registration.decisions import ask_at_interview


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def record_wish(request: AuthenticatedRequest) -> HttpResponse:
    """Find a person of the agency, record the request and redirect to the interview.

    Each person found leaves a reading.
    """
    adviser: Adviser = get_object_or_404(
        Adviser.objects.visible_to(request.user).select_related("agency"),
        portfolios__modality=Modality.GUIDE_WEB,
    )
    if request.method != "POST":
        return _page(request, adviser)
    form = WishForm(request.POST)
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.filter(agency=adviser.agency_id), pk=form.cleaned_data["person"] if form.is_valid() else None
    )
    try:
        enrolment = ask_at_interview(actor=request.user, jobseeker=person)
    except DomainError as refusal:
        return _page(request, adviser, refusal=refusal.sentence, status=409)
    messages.success(request, f"La demande {of_name(person.full_name)} est enregistrée. L'entretien commence.")
    return redirect("registration", pk=enrolment.pk)


def _page(request: AuthenticatedRequest, adviser: Adviser, *, refusal: str = "", status: int = 200) -> HttpResponse:
    search = search_in(SearchForm(request.POST if request.method == "POST" else request.GET))
    words = search.words
    found = [] if search.refusal else candidates(adviser, words, now=timezone.now())
    shown = found[:FOUND_AT_MOST]
    record_readings(
        actor=request.user, people=[candidate.person.pk for candidate in shown], part=FilePart.FOUND_BY_SEARCH
    )
    return render(
        request,
        "caseload/registration/wish.html",
        {
            "adviser": adviser,
            "search": search,
            "words": words,
            "found": shown,
            "more": len(found) > FOUND_AT_MOST,
            "refusal": refusal,
        },
        status=status,
    )
