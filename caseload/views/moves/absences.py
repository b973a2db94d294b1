"""Absences: when an adviser is away, who covers, and what happens to the interviews on these days."""

from datetime import date, timedelta
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.parsing import number_in
from accompaniment.services.foreseen import NotForeseenError
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, role_required
from accompaniment.views.foreseen import ask_first, shown_in
from accompaniment.views.once import once
from caseload.forms.moves.absences import (
    ALL_AT_ONCE,
    AbsenceForm,
    AddCoverForm,
    AdviserChoiceForm,
    DecisionForm,
    EndForm,
    ExtensionForm,
    RelayToHandOn,
    ReplaceForm,
    day_typed,
    decided_at_once,
)
from caseload.hooks.adviser_absences import PlannedAbsence, questions_about
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.models.absences import AbsenceQuerySet
from caseload.reads.moves.who_answers import without_relay
from caseload.services.moves.absences import (
    OVER,
    add_cover,
    declare_absence,
    end_absence,
    extend_absence,
    foresee_absence,
    foresee_extension,
    may_declare,
    replace_colleague,
)
from caseload.services.moves.covers import colleagues_for, days_in_common, relays_between, who_takes_over

PER_PAGE = 50


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def absence_list(request: AuthenticatedRequest) -> HttpResponse:
    """Current and future absences: the adviser's own and those of covered colleagues, or of a manager's regions."""
    day = timezone.localdate()
    found = _loaded(Absence.objects.visible_to(request.user)).standing().filter(ends_on__gte=day)
    advisers = Adviser.objects.visible_to(request.user).filter(user__is_active=True).select_related("user")
    return render(
        request,
        "caseload/moves/absences.html",
        {
            "page": Paginator(found.order_by("starts_on", "pk"), PER_PAGE).get_page(request.GET.get("page")),
            "form": AdviserChoiceForm(advisers=advisers) if request.user.is_manager else None,
            "without_relay": without_relay(found, today=day),
            "today": day,
        },
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def declare(request: AuthenticatedRequest) -> HttpResponse:
    """Choose the days and the covers (`?du=…&au=…`), decide about each booking, and store everything."""
    mine = Adviser.objects.visible_to(request.user).select_related("user", "agency__departement__region")
    if request.user.is_manager:
        chosen = number_in(request.GET.get("conseiller", ""))
        if chosen is None:
            messages.info(request, "Choisissez d'abord le conseiller absent.")
            return redirect("absences")
        adviser = get_object_or_404(mine, pk=chosen)
    else:
        adviser = get_object_or_404(mine)
    return _plan_days(request, adviser)


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def extend(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Extend an absence. The added days are handled as in a new absence (`?au=…`)."""
    found = _changeable(request, pk)
    if found.cancelled_at is not None or found.ends_on < _today(found):
        return _page(request, found, refusal=OVER, status=409)
    return _plan_days(request, found.adviser, found)


def _plan_days(request: AuthenticatedRequest, adviser: Adviser, extended: Absence | None = None) -> HttpResponse:
    """Ask who covers on the days and what happens to the bookings, and store everything."""
    asked = "au" if extended else "du"
    sent = request.POST if request.method == "POST" else request.GET if asked in request.GET else None
    form = _absence_form(adviser, sent, extended)
    planned = None
    if form.is_bound and form.is_valid():
        last = form.cleaned_data["au"]
        try:
            if extended:
                planned = foresee_extension(
                    absence=extended, last_day=last, colleagues=form.chosen, relays=form.handed_on
                )
            else:
                planned = foresee_absence(
                    adviser=adviser,
                    starts_on=form.cleaned_data["du"],
                    ends_on=last,
                    colleagues=form.chosen,
                    relays=form.handed_on,
                )
        except DomainError as refusal:
            add_refusal(form, refusal, starts_on="du", ends_on="au")
    page = partial(_declaring, request, adviser, form, extended=extended, planned=planned)
    if planned is None:
        return page(status=422 if form.errors else 200)
    questions = questions_about(planned)
    if request.method != "POST":
        at_once = decided_at_once(questions, request.GET.get(ALL_AT_ONCE, ""))
        return page(deciding=DecisionForm(None, questions=questions, initial=at_once))
    deciding = DecisionForm(request.POST, questions=questions)
    if not deciding.is_valid():
        return page(deciding=deciding, status=422)
    try:
        absence, said = _write(request.user, planned, form, deciding, extended)
    except DomainError as refusal:
        # Asked again, because a booking may have been added, or a colleague's hour may be taken by now.
        again = DecisionForm(request.POST, questions=questions_about(planned))
        again.is_valid()
        add_refusal(again, refusal, starts_on="du", ends_on="au")
        return page(deciding=again, status=409)
    done = "L'absence est prolongée" if extended else "L'absence est enregistrée"
    told = any(planned.colleagues.values()) or any(handed.colleague for handed in planned.handed_on)
    messages.success(request, " ".join([f"{done}, les relais sont prévenus." if told else f"{done}.", *said]))
    return redirect("absence", pk=absence.pk)


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def absence(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """One absence with its covers, and what can still be changed."""
    return _page(request, get_object_or_404(_loaded(Absence.objects.visible_to(request.user)), pk=pk))


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def end(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """End an absence earlier, or call it off."""
    found = _changeable(request, pk)
    form = EndForm(request.POST)
    shortens = "raccourcir" in request.POST
    if form.is_valid() and shortens and not form.cleaned_data["au"]:
        form.add_error("au", "Indiquez le nouveau dernier jour.")
    if not form.is_valid():
        return _page(request, found, end_form=form, status=422)
    last_day = form.cleaned_data["au"] if shortens else None
    try:
        said = end_absence(actor=request.user, absence=found, last_day=last_day, shown=shown_in(request))
    except NotForeseenError as asking:
        return ask_first(request, asking, back=reverse("absence", args=[pk]))
    except DomainError as refusal:
        add_refusal(form, refusal, last_day="au")
        return _page(request, found, end_form=form, status=409)
    messages.success(request, " ".join(["L'absence est raccourcie." if last_day else "L'absence prend fin.", *said]))
    return redirect("absence", pk=pk)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def replace_cover(request: AuthenticatedRequest, pk: int, cover: int) -> HttpResponse:
    """Choose another colleague for the rest of a cover."""
    found = _changeable(request, pk)
    standing = get_object_or_404(Cover.objects.select_related("absence__adviser"), pk=cover, absence=found)
    form = _replace_form(standing, _colleagues(found), request.POST)
    if not form.is_valid():
        return _page(request, found, replacing=(standing.pk, form), status=422)
    colleague = get_object_or_404(Adviser, pk=form.cleaned_data["collegue"])
    try:
        said = replace_colleague(actor=request.user, cover=standing, colleague=colleague, shown=shown_in(request))
    except NotForeseenError as asking:
        return ask_first(request, asking, back=reverse("absence", args=[pk]))
    except DomainError as refusal:
        add_refusal(form, refusal, colleague="collegue")
        return _page(request, found, replacing=(standing.pk, form), status=409)
    messages.success(request, " ".join([f"{colleague} assure maintenant ce relais.", *said]))
    return redirect("absence", pk=pk)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def add_to_absence(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Add one more colleague for the rest of an absence."""
    found = _changeable(request, pk)
    form = _add_form(found, request.POST)
    if not form.is_valid():
        return _page(request, found, add_form=form, status=422)
    portfolio = get_object_or_404(Portfolio, pk=form.cleaned_data["portefeuille"], adviser=found.adviser)
    colleague = get_object_or_404(Adviser, pk=form.cleaned_data["collegue"])
    try:
        said = add_cover(actor=request.user, absence=found, portfolio=portfolio, colleague=colleague)
    except DomainError as refusal:
        add_refusal(form, refusal, colleague="collegue", portfolio="portefeuille")
        return _page(request, found, add_form=form, status=409)
    messages.success(request, " ".join([f"{colleague} assure aussi le relais, un e-mail le lui annonce.", *said]))
    return redirect("absence", pk=pk)


def _write(
    actor: User, planned: PlannedAbsence, form: AbsenceForm, deciding: DecisionForm, extended: Absence | None
) -> tuple[Absence, list[str]]:
    if extended is None:
        return declare_absence(
            actor=actor,
            adviser=planned.adviser,
            starts_on=planned.starts_on,
            ends_on=planned.ends_on,
            colleagues=form.chosen,
            decisions=deciding.decisions,
            relays=form.handed_on,
        )
    said = extend_absence(
        actor=actor,
        absence=extended,
        last_day=planned.ends_on,
        colleagues=form.chosen,
        decisions=deciding.decisions,
        relays=form.handed_on,
    )
    return extended, said


def _absence_form(adviser: Adviser, sent: QueryDict | None, extended: Absence | None) -> AbsenceForm:
    portfolios = list(Portfolio.objects.filter(adviser=adviser).order_by("modality", "pk"))
    colleagues = Adviser.objects.filter(
        user__is_active=True, agency__departement__region=adviser.agency.departement.region_id
    ).exclude(pk=adviser.pk)
    first, last = (day_typed(sent.get(name, "")) if sent else None for name in ("du", "au"))
    if extended:
        first = extended.ends_on + timedelta(days=1)
    make = ExtensionForm if extended else AbsenceForm
    return make(
        sent,
        portfolios=portfolios,
        colleagues=colleagues.select_related("user", "agency").opened_first(),
        agency=adviser.agency_id,
        relays=_to_hand_on(adviser, first, last) if first and last else (),
        initial=_answering_at_the_end(extended) if extended else None,
    )


def _to_hand_on(adviser: Adviser, first: date, last: date) -> list[RelayToHandOn]:
    found = []
    for cover in relays_between(adviser, starts_on=first, ends_on=last):
        starts_on, ends_on = days_in_common(cover, starts_on=first, ends_on=last)
        colleagues = list(who_takes_over(cover, starts_on=starts_on, ends_on=ends_on))
        found.append(RelayToHandOn(cover=cover, starts_on=starts_on, ends_on=ends_on, colleagues=colleagues))
    return found


def _answering_at_the_end(absence: Absence) -> dict[str, object]:
    """Return the covers on the last day, as values of the form. They are proposed for the added days."""
    found: dict[str, object] = {}
    for cover in absence.covers.running_on(absence.ends_on).select_related("colleague").order_by("pk"):
        if cover.colleague.agency_id == absence.adviser.agency_id:
            found.setdefault(f"relais_{cover.portfolio_id}", []).append(cover.colleague_id)  # type: ignore[attr-defined]
        else:
            found[f"autre_{cover.portfolio_id}"] = cover.colleague_id
    return found


def _declaring(
    request: AuthenticatedRequest,
    adviser: Adviser,
    form: AbsenceForm,
    *,
    extended: Absence | None = None,
    deciding: DecisionForm | None = None,
    planned: PlannedAbsence | None = None,
    status: int = 200,
) -> HttpResponse:
    relays = [(portfolio, planned.colleagues[portfolio.pk]) for portfolio in form.portfolios if planned is not None]
    return render(
        request,
        "caseload/moves/declare_absence.html",
        {
            "adviser": adviser,
            "form": form,
            "deciding": deciding,
            "planned": planned,
            "relays": relays,
            "extended": extended,
            "at_once": request.GET.get(ALL_AT_ONCE, ""),
        },
        status=status,
    )


def _page(
    request: AuthenticatedRequest,
    found: Absence,
    *,
    refusal: str = "",
    end_form: EndForm | None = None,
    add_form: AddCoverForm | None = None,
    replacing: tuple[int, ReplaceForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    today = _today(found)
    may_change = found.cancelled_at is None and found.ends_on >= today and may_declare(request.user, found.adviser)
    covers = list(found.covers.select_related("portfolio", "colleague__user").order_by("portfolio", "starts_on", "pk"))
    others = _colleagues(found) if may_change else []
    forms = {
        cover.pk: _replace_form(cover, others)
        for cover in covers
        if may_change and cover.cancelled_at is None and cover.ends_on >= today
    } | ({replacing[0]: replacing[1]} if replacing else {})
    return render(
        request,
        "caseload/moves/absence.html",
        {
            "absence": found,
            "covers": [(cover, forms.get(cover.pk)) for cover in covers],
            "may_change": may_change,
            "add_form": (add_form or _add_form(found)) if may_change else None,
            "nobody_there": not others,
            "without_relay": without_relay([found], today=today),
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


def _replace_form(cover: Cover, colleagues: list[Adviser], sent: QueryDict | None = None) -> ReplaceForm:
    others = [one for one in colleagues if one.pk != cover.colleague_id]
    return ReplaceForm(sent, colleagues=others, auto_id=f"relais-{cover.pk}-%s")


def _add_form(found: Absence, sent: object = None) -> AddCoverForm:
    return AddCoverForm(
        sent,
        portfolios=list(Portfolio.objects.filter(adviser=found.adviser).order_by("modality", "pk")),
        colleagues=_colleagues(found),
        auto_id="ajout-%s",
    )


def _changeable(request: AuthenticatedRequest, pk: int) -> Absence:
    """Return an absence that the user may change: 404 outside the perimeter, 403 for a colleague who only covers it."""
    found: Absence = get_object_or_404(_loaded(Absence.objects.visible_to(request.user)), pk=pk)
    if not may_declare(request.user, found.adviser):
        raise MissingRightError(
            missing=f"Vous assurez un relais de cette absence\u00a0; seuls {found.adviser} et les responsables de sa "
            "région la changent.",
            remedy="Demandez-leur ce changement.",
        )
    return found


def _loaded(absences: AbsenceQuerySet) -> AbsenceQuerySet:
    return absences.select_related("adviser__user", "adviser__agency__departement__region", "set_by")


def _today(found: Absence) -> date:
    return timezone.now().astimezone(found.adviser.agency.zone).date()
