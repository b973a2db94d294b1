"""Absences: when an adviser is away, who answers, and what becomes of the interviews of these days."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.errors import DomainError
from accompaniment.foreseen import NotForeseenError
from accompaniment.once import once
from accompaniment.parsing import number_in
from accompaniment.views.foreseen import ask_first, shown_in
from caseload.absences import PlannedAbsence, questions_about
from caseload.forms.absences import AbsenceForm, AddCoverForm, AdviserChoiceForm, DecisionForm, EndForm, ReplaceForm
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.querysets import AbsenceQuerySet
from caseload.services.absences import (
    add_cover,
    colleagues_for,
    declare_absence,
    end_absence,
    foresee_absence,
    may_declare,
    replace_colleague,
)

PER_PAGE = 50


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def absence_list(request: AuthenticatedRequest) -> HttpResponse:
    """Absences that run or come: one's own and those that one covers, or those of a manager's regions."""
    day = timezone.localdate()
    found = _loaded(Absence.objects.visible_to(request.user)).standing().filter(ends_on__gte=day)
    advisers = Adviser.objects.visible_to(request.user).filter(user__is_active=True).select_related("user")
    return render(
        request,
        "caseload/absences.html",
        {
            "page": Paginator(found.order_by("starts_on", "pk"), PER_PAGE).get_page(request.GET.get("page")),
            "form": AdviserChoiceForm(advisers=advisers) if request.user.is_manager else None,
            "today": day,
        },
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def declare(request: AuthenticatedRequest) -> HttpResponse:
    """Choose the days and who answers (`?du=…&au=…`), decide what becomes of what is booked, and write it all."""
    mine = Adviser.objects.visible_to(request.user).select_related("user", "agency__departement__region")
    if request.user.is_manager:
        chosen = number_in(request.GET.get("conseiller", ""))
        if chosen is None:
            messages.info(request, "Choisissez d'abord le conseiller absent.")
            return redirect("absences")
        adviser = get_object_or_404(mine, pk=chosen)
    else:
        adviser = get_object_or_404(mine)
    sent = request.POST if request.method == "POST" else request.GET if "du" in request.GET else None
    form = _absence_form(adviser, sent)
    planned = None
    if form.is_bound and form.is_valid():
        try:
            planned = foresee_absence(
                adviser=adviser,
                starts_on=form.cleaned_data["du"],
                ends_on=form.cleaned_data["au"],
                colleagues=form.chosen,
            )
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
    if planned is None:
        return _declaring(request, adviser, form, status=422 if form.errors else 200)
    questions = questions_about(planned)
    deciding = DecisionForm(request.POST if request.method == "POST" else None, questions=questions)
    if request.method != "POST":
        return _declaring(request, adviser, form, deciding=deciding, planned=planned)
    if not deciding.is_valid():
        return _declaring(request, adviser, form, deciding=deciding, planned=planned, status=422)
    try:
        absence, said = declare_absence(
            actor=request.user,
            adviser=adviser,
            starts_on=planned.starts_on,
            ends_on=planned.ends_on,
            colleagues=form.chosen,
            decisions=deciding.decisions,
        )
    except DomainError as refusal:
        # Asked again: a booking may have come, or a colleague's hour may have gone meanwhile.
        again = DecisionForm(request.POST, questions=questions_about(planned))
        again.is_valid()
        again.add_error(None, refusal.sentence)
        return _declaring(request, adviser, form, deciding=again, planned=planned, status=409)
    messages.success(request, " ".join(["L'absence est enregistrée, les relais sont prévenus.", *said]))
    return redirect("absence", pk=absence.pk)


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def absence(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """One absence, who answers, and what can still be changed of it."""
    return _page(request, get_object_or_404(_loaded(Absence.objects.visible_to(request.user)), pk=pk))


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def end(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Let an absence end earlier, or call it off."""
    found = _changeable(request, pk)
    form = EndForm(request.POST)
    if not form.is_valid() or ("raccourcir" in request.POST and not form.cleaned_data["au"]):
        said = [str(sentence) for sentence in form.errors.get("au", [])] or ["Indiquez le nouveau dernier jour."]
        return _page(request, found, refusal=" ".join(said), end_form=form, status=422)
    last_day = form.cleaned_data["au"] if "raccourcir" in request.POST else None
    try:
        said = end_absence(actor=request.user, absence=found, last_day=last_day, shown=shown_in(request))
    except NotForeseenError as asking:
        return ask_first(request, asking, back=reverse("absence", args=[pk]))
    except DomainError as refusal:
        return _page(request, found, refusal=refusal.sentence, end_form=form, status=409)
    messages.success(request, " ".join(["L'absence est raccourcie." if last_day else "L'absence prend fin.", *said]))
    return redirect("absence", pk=pk)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def replace_cover(request: AuthenticatedRequest, pk: int, cover: int) -> HttpResponse:
    """Choose another colleague for the rest of a cover."""
    found = _changeable(request, pk)
    standing = get_object_or_404(Cover.objects.select_related("absence__adviser"), pk=cover, absence=found)
    form = ReplaceForm(request.POST, colleagues=_colleagues(found))
    if not form.is_valid():
        said = [str(sentence) for sentence in form.errors["collegue"]]
        return _page(request, found, refusal=" ".join(said), status=422)
    colleague = get_object_or_404(Adviser, pk=form.cleaned_data["collegue"])
    try:
        said = replace_colleague(actor=request.user, cover=standing, colleague=colleague)
    except DomainError as refusal:
        return _page(request, found, refusal=refusal.sentence, status=409)
    messages.success(request, " ".join([f"{colleague} assure maintenant ce relais.", *said]))
    return redirect("absence", pk=pk)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def add_to_absence(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Let one more colleague answer during the rest of an absence."""
    found = _changeable(request, pk)
    form = _add_form(found, request.POST)
    if not form.is_valid():
        said = [str(sentence) for sentences in form.errors.values() for sentence in sentences]
        return _page(request, found, refusal=" ".join(said), add_form=form, status=422)
    portfolio = get_object_or_404(Portfolio, pk=form.cleaned_data["portefeuille"], adviser=found.adviser)
    colleague = get_object_or_404(Adviser, pk=form.cleaned_data["collegue"])
    try:
        said = add_cover(actor=request.user, absence=found, portfolio=portfolio, colleague=colleague)
    except DomainError as refusal:
        return _page(request, found, refusal=refusal.sentence, add_form=form, status=409)
    messages.success(request, " ".join([f"{colleague} assure aussi le relais, et en est prévenu.", *said]))
    return redirect("absence", pk=pk)


def _absence_form(adviser: Adviser, sent: object) -> AbsenceForm:
    return AbsenceForm(
        sent,
        portfolios=list(Portfolio.objects.filter(adviser=adviser).order_by("modality", "pk")),
        colleagues=Adviser.objects.filter(
            user__is_active=True, agency__departement__region=adviser.agency.departement.region_id
        )
        .exclude(pk=adviser.pk)
        .select_related("user", "agency"),
        agency=adviser.agency_id,
    )


def _declaring(
    request: AuthenticatedRequest,
    adviser: Adviser,
    form: AbsenceForm,
    *,
    deciding: DecisionForm | None = None,
    planned: PlannedAbsence | None = None,
    status: int = 200,
) -> HttpResponse:
    relays = [(portfolio, planned.colleagues[portfolio.pk]) for portfolio in form.portfolios if planned is not None]
    return render(
        request,
        "caseload/declare_absence.html",
        {"adviser": adviser, "form": form, "deciding": deciding, "planned": planned, "relays": relays},
        status=status,
    )


def _page(
    request: AuthenticatedRequest,
    found: Absence,
    *,
    refusal: str = "",
    end_form: EndForm | None = None,
    add_form: AddCoverForm | None = None,
    status: int = 200,
) -> HttpResponse:
    today = _today(found)
    may_change = found.cancelled_at is None and found.ends_on >= today and may_declare(request.user, found.adviser)
    covers = list(found.covers.select_related("portfolio", "colleague__user").order_by("portfolio", "starts_on", "pk"))
    others = _colleagues(found) if may_change else []
    return render(
        request,
        "caseload/absence.html",
        {
            "absence": found,
            "covers": [
                (
                    cover,
                    ReplaceForm(
                        colleagues=[one for one in others if one.pk != cover.colleague_id],
                        auto_id=f"relais-{cover.pk}-%s",
                    )
                    if may_change and cover.cancelled_at is None and cover.ends_on >= today
                    else None,
                )
                for cover in covers
            ],
            "may_change": may_change,
            "add_form": (add_form or _add_form(found)) if may_change else None,
            "nobody_there": not others,
            "has_begun": found.starts_on <= today,
            "today": today,
            "end_form": end_form or EndForm(),
            "refusal": refusal,
        },
        status=status,
    )


def _colleagues(found: Absence) -> list[Adviser]:
    begins = max(found.starts_on, _today(found))
    return list(colleagues_for(found.adviser, starts_on=begins, ends_on=max(begins, found.ends_on)))


def _add_form(found: Absence, sent: object = None) -> AddCoverForm:
    return AddCoverForm(
        sent,
        portfolios=list(Portfolio.objects.filter(adviser=found.adviser).order_by("modality", "pk")),
        colleagues=_colleagues(found),
        auto_id="ajout-%s",
    )


def _changeable(request: AuthenticatedRequest, pk: int) -> Absence:
    """Return an absence that is the user's to change: 404 outside the perimeter, 403 for who only covers it."""
    found: Absence = get_object_or_404(_loaded(Absence.objects.visible_to(request.user)), pk=pk)
    if not may_declare(request.user, found.adviser):
        raise PermissionDenied
    return found


def _loaded(absences: AbsenceQuerySet) -> AbsenceQuerySet:
    return absences.select_related("adviser__user", "adviser__agency__departement__region", "set_by")


def _today(found: Absence) -> date:
    return timezone.now().astimezone(found.adviser.agency.zone).date()
