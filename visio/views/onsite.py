"""Asking to be received on site, and answering."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accompaniment.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.enums import Role
from accompaniment.errors import DomainError
from accompaniment.models import OnSiteRequest
from accompaniment.once import once
from accompaniment.services.onsite import answer_on_site, ask_on_site
from caseload.rules import duration
from visio.forms import OnSiteAnswerForm, OnSiteForm
from visio.views.booking import own_file


@role_required(Role.JOBSEEKER)
@once
def ask(request: AuthenticatedRequest) -> HttpResponse:
    """Ask to be received on site with one button; an open request is shown instead of a second one."""
    person = own_file(request)
    form = OnSiteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ask_on_site(actor=request.user, jobseeker=person, comment=form.cleaned_data["comment"])
        messages.success(request, "Votre demande est enregistrée. Votre agence vous répond ici même.")
        return redirect("ask_on_site")
    requests = OnSiteRequest.objects.visible_to(request.user).order_by("-asked_at", "-pk")
    standing = requests.open().first()
    if standing is not None and request.method != "POST":
        form = OnSiteForm(initial={"comment": standing.comment})
    return render(
        request,
        "visio/on_site.html",
        {
            "form": form,
            "standing": standing,
            "answered": list(requests.filter(answered_at__isnull=False)[:5]),
            "agency": person.agency,
            "zone": person.agency.zone,
        },
        status=422 if form.errors else 200,
    )


@role_required(Role.ADVISER)
@require_POST
@once
def answer(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Answer a person's request to be received on site."""
    asked = get_to_act(OnSiteRequest.objects.all(), request.user, pk=pk)
    form = OnSiteAnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Écrivez votre réponse avant de l'envoyer.")
        return redirect("agenda")
    try:
        answer_on_site(actor=request.user, request=asked, answer=form.cleaned_data["answer"])
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        waited = duration(timezone.now() - asked.asked_at)
        messages.success(request, f"Votre réponse est envoyée à {asked.jobseeker}, {waited} après sa demande.")
    return redirect("agenda")
