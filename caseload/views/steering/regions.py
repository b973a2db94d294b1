"""Réglages: the regions and their agencies, with the opening days of the 100 % web track."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.models import Agency, Region
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style
from accompaniment.rules.meanwhile import ChangedMeanwhileError, State
from accompaniment.services.foreseen import Foreseen, NotForeseenError
from accompaniment.services.territory import (
    foresee_opening,
    requests_put_off,
    set_agency_opening,
    set_region_opening,
    shown_opening,
)
from accompaniment.templatetags.french import telephone
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.foreseen import shown_in
from accompaniment.views.once import once
from caseload.forms.steering.settings import CONFIRM, LOOK, AgencyPhoneForm, OpeningForm
from caseload.reads.steering.figures import regions_of
from caseload.reads.steering.setting_pages import (
    AgencyOpening,
    agencies_of,
    history_of_openings,
    openings_of,
    people_made_eligible,
)
from caseload.services.steering.agencies import set_agency_phone
from caseload.views.steering.imports import only_the_country, steers_the_country


@require_safe
@role_required(Role.MANAGER)
def region_list(request: AuthenticatedRequest) -> HttpResponse:
    """All regions, the earliest opening first."""
    regions = list(Region.objects.in_order_of_opening())
    today = timezone.localdate()
    return render(
        request,
        "caseload/steering/regions.html",
        {
            "regions": regions,
            "today": today,
            "opened": sum(region.web_is_open(today) for region in regions),
            "may_set": steers_the_country(request),
            "own": {region.code for region in regions_of(request.user)},
            "history": list(history_of_openings()),
        },
    )


@require_safe
@role_required(Role.MANAGER)
def region_agencies(request: AuthenticatedRequest, code: str) -> HttpResponse:
    """The agencies of a region that the manager steers, with their opening days."""
    region = get_object_or_404(regions_of(request.user), pk=code)
    return render(
        request,
        "caseload/steering/region_agencies.html",
        {
            "region": region,
            "today": timezone.localdate(timezone=region.zone),
            "openings": openings_of(_agencies_in(request, region)),
            "history": list(history_of_openings(region=region)),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def region_opening(request: AuthenticatedRequest, code: str) -> HttpResponse:
    if not steers_the_country(request):
        raise only_the_country(request)
    region = get_object_or_404(Region, pk=code)

    def apply(day: date | None, seen: State, shown: str) -> str:
        return opening_sentence(
            set_region_opening(actor=request.user, region=region, opens_on=day, seen=seen, shown=shown)
        )

    return _opening(
        request,
        place=region,
        hint="Laissez vide tant que l'ouverture n'est pas décidée.",
        apply=apply,
        openings=lambda day: openings_of(_agencies_in(request, region), day=day),
        page={"back": "settings", "region": region, "without_day": "Aucun jour d'ouverture"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def agency_opening(request: AuthenticatedRequest, code: str) -> HttpResponse:
    found = Agency.objects.filter(departement__region__in=regions_of(request.user))
    agency = get_object_or_404(found.select_related("departement__region"), code=code)

    def apply(day: date | None, seen: State, shown: str) -> str:
        opened = set_agency_opening(actor=request.user, agency=agency, opens_on=day, seen=seen, shown=shown)
        return opening_sentence(opened) if day else f"{agency.name}\u00a0: l'agence ouvre avec sa région."

    return _opening(
        request,
        place=agency,
        hint="Laissez vide pour ouvrir le même jour que la région.",
        apply=apply,
        openings=lambda day: openings_of([agency]),
        page={"back": "region_agencies", "region": agency.region, "without_day": "Aucun jour propre"},
    )


def opening_sentence(place: Region | Agency) -> str:
    """Return the sentence about the day that was set."""
    if place.web_opens_on is None:
        return f"{place.name}\u00a0: le jour d'ouverture n'est plus fixé."
    return f"{place.name}\u00a0: ouverture du 100\u00a0% web le {day_in_style(place.web_opens_on, 'j F Y')}."


def _agencies_in(request: AuthenticatedRequest, region: Region) -> list[Agency]:
    return [agency for agency in agencies_of(request.user) if agency.region == region]


def _opening(
    request: AuthenticatedRequest,
    *,
    place: Region | Agency,
    hint: str,
    apply: Callable[[date | None, State, str], str],
    openings: Callable[[date | None], list[AgencyOpening]],
    page: dict[str, Any],
) -> HttpResponse:
    """Read a day, show whom it makes eligible, and set it after a confirmation."""
    sent = request.POST if request.method == "POST" else None
    form = OpeningForm(sent, initial={"web_opens_on": place.web_opens_on}, hint=hint, shown=shown_opening(place))
    step = request.POST.get("step")
    context = {**page, "place": place, "form": form, "looking": False}
    if request.method != "POST" or (step not in {LOOK, CONFIRM} and form.is_valid()):
        return render(request, "caseload/steering/opening.html", context)
    if not form.is_valid():
        return render(request, "caseload/steering/opening.html", context, status=422)
    day = form.cleaned_data["web_opens_on"]
    status = 422
    try:
        if step == LOOK:
            foreseen = foresee_opening(actor=request.user, place=place, opens_on=day)
            context |= _preview(place, day, openings(day), foreseen, changed="")
            return render(request, "caseload/steering/opening.html", context)
        messages.success(request, apply(day, form.cleaned_data["seen"], shown_in(request)))
    except NotForeseenError as asking:
        context |= _preview(place, day, openings(day), asking.foreseen, changed=asking.sentence)
        status = 409
    except ChangedMeanwhileError as changed:
        form.again(changed).add_error("web_opens_on", changed.sentence)
        status = 409
    except DomainError as refusal:
        form.add_error("web_opens_on", refusal.sentence)
    else:
        return redirect("settings") if page["back"] == "settings" else redirect(page["back"], page["region"].code)
    return render(request, "caseload/steering/opening.html", context, status=status)


def _preview(
    place: Region | Agency, day: date | None, openings: list[AgencyOpening], foreseen: Foreseen, *, changed: str
) -> dict[str, Any]:
    """Return the page that shows, before the confirmation, whom a day concerns."""
    return {
        "looking": True,
        "day": day,
        "openings": openings,
        "total": sum(one.people for one in openings if one.own_day is None),
        "people": people_made_eligible(openings),
        "put_off": requests_put_off(place, opens_on=day),
        "foreseen": foreseen,
        "changed": changed,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def agency_phone(request: AuthenticatedRequest, code: str) -> HttpResponse:
    """Store the telephone number of an agency in the manager's regions."""
    found = Agency.objects.filter(departement__region__in=regions_of(request.user))
    agency = get_object_or_404(found.select_related("departement__region"), code=code)
    posted = request.method == "POST"
    form = AgencyPhoneForm(request.POST if posted else None, agency=agency)
    if posted and form.is_valid():
        try:
            changed = set_agency_phone(actor=request.user, agency=agency, phone=form.cleaned_data["phone"])
        except DomainError as refusal:
            form.add_error("phone", refusal.sentence)
        else:
            said = telephone(changed.phone) if changed.phone else "aucun numéro"
            messages.success(request, f"{changed.name}\u00a0: {said}.")
            return redirect("region_agencies", changed.region.code)
    return render(
        request,
        "caseload/steering/agency_phone.html",
        {"form": form, "agency": agency},
        status=422 if form.errors else 200,
    )
