"""Équipes: invite a colleague, and manage one staff account."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import AddressChange, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name
from accompaniment.services.foreseen import NotForeseenError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.foreseen import ask_first, shown_in
from accompaniment.views.once import once, went_through
from caseload.forms.steering.staff import AdviserForm, HandOverForm, InvitationForm, StaffAddressForm
from caseload.models import Adviser, Manager, Placement, Portfolio
from caseload.reads.desk.desk import with_covers
from caseload.reads.moves.transfer_reports import proposed_targets, with_room
from caseload.reads.steering.figures import regions_of
from caseload.reads.steering.setting_pages import agencies_of
from caseload.services.moves.transfers import TargetsFullError, move_everybody
from caseload.services.steering import staff
from caseload.views.moves.transfers import MOVED_WHILE_ONE_WAITS
from caseload.views.steering.imports import steers_the_country

ACTS = {
    "inviter": (staff.invite_again, "Un nouveau lien d'activation part à {email}."),
    "fermer": (staff.close_account, "Le compte {of_name} est fermé."),
    "rouvrir": (staff.reopen_account, "Le compte {of_name} est rouvert\u00a0: un lien d'activation part à {email}."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def invite(request: AuthenticatedRequest) -> HttpResponse:
    """Invite an adviser or a manager. The activation link goes to their address."""
    posted = request.method == "POST"
    form = InvitationForm(
        request.POST if posted else None,
        agencies=agencies_of(request.user),
        regions=regions_of(request.user),
        whole_country=steers_the_country(request),
    )
    if posted and form.is_valid():
        try:
            invited = _invited(request.user, form.cleaned_data)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"Une invitation part à {invited.full_name}, à l'adresse {invited.email}.")
            return redirect("member", pk=invited.pk)
    return render(request, "caseload/steering/invite.html", {"form": form}, status=422 if posted else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def member(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a staff account; change an adviser's agency or working share."""
    user, adviser = _member(request, pk)
    if request.method != "POST" or adviser is None:
        return _page(request, user, adviser)
    form = AdviserForm(request.POST, agencies=agencies_of(request.user))
    if form.is_valid():
        try:
            staff.change_adviser(actor=request.user, adviser=adviser, **form.cleaned_data)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, "Les changements sont enregistrés.")
            return redirect("member", pk=pk)
    return _page(request, user, adviser, form=form, status=422)


@require_POST
@role_required(Role.MANAGER)
@once
def member_account(request: AuthenticatedRequest, pk: int, act: str) -> HttpResponse:
    """Send the invitation again, close the account, or open it again."""
    user, adviser = _member(request, pk)
    if act not in ACTS:
        raise Http404
    do, said = ACTS[act]
    try:
        do(actor=request.user, user=user)
    except DomainError as refusal:
        return _page(request, user, adviser, refusal=refusal.sentence, status=409)
    messages.success(request, said.format(of_name=of_name(user.full_name), email=user.email))
    return redirect("member", pk=pk)


@require_POST
@role_required(Role.MANAGER)
@once
def member_address(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Correct the address with which a colleague logs in."""
    user, adviser = _member(request, pk)
    form = StaffAddressForm(request.POST)
    if not form.is_valid():
        return _page(request, user, adviser, address_form=form, status=422)
    try:
        to_confirm = staff.change_address(actor=request.user, user=user, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error("email", refusal.sentence)
        return _page(request, user, adviser, address_form=form, status=409)
    sent = "Un lien à confirmer part" if to_confirm else "Le lien d'avant s'éteint, un autre part"
    messages.success(request, f"{sent} à la nouvelle adresse.")
    return redirect("member", pk=pk)


@require_POST
@role_required(Role.MANAGER)
def hand_over(request: AuthenticatedRequest, pk: int, portfolio: int) -> HttpResponse:
    """Transfer everybody in one of an adviser's portfolios. The report names those who did not move.

    A separate token prevents a second transfer; `once` would put everybody into one transaction.
    """
    user, adviser = _member(request, pk)
    source: Portfolio = get_object_or_404(Portfolio, pk=portfolio, adviser=adviser)
    form = _hand_over_form(request, source, request.POST)
    status = 422
    if form.is_valid():
        try:
            batch = move_everybody(
                actor=request.user,
                portfolio=source,
                wait_for=MOVED_WHILE_ONE_WAITS,
                shown=shown_in(request),
                **form.cleaned_data,
            )
        except NotForeseenError as asking:
            return ask_first(request, asking, back=reverse("member", args=[user.pk]))
        except TargetsFullError as refusal:
            form.add_error("targets", refusal.sentence)
            status = 409
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            response = redirect("transfer", pk=batch.pk)
            went_through(request, response)
            return response
    return _page(request, user, adviser, handing_over=(source, form), status=status)


def _invited(actor: User, facts: dict[str, Any]) -> User:
    who = {name: facts[name] for name in ("email", "first_name", "last_name")}
    if facts["role"] == Role.ADVISER:
        where = {name: facts[name] for name in ("agency", "working_share", "modalities")}
        adviser = staff.invite_adviser(actor=actor, **who, **where)
        return adviser.user
    manager = staff.invite_manager(
        actor=actor, **who, regions=list(facts["regions"]), whole_country=facts.get("whole_country", False)
    )
    return manager.user


def _member(request: AuthenticatedRequest, pk: int) -> tuple[User, Adviser | None]:
    """Return an account that the manager steers, with its adviser if it has one; 404 for all others."""
    adviser = (
        Adviser.objects.visible_to(request.user)
        .select_related("user", "agency__departement__region")
        .filter(user=pk)
        .first()
    )
    if adviser is not None:
        return adviser.user, adviser
    manager: Manager = get_object_or_404(Manager.objects.steered_by(request.user).select_related("user"), user=pk)
    return manager.user, None


def _hand_over_form(request: AuthenticatedRequest, source: Portfolio, data: Any = None) -> HandOverForm:
    placements = (
        Placement.objects.open().filter(portfolio=source).select_related("portfolio", "jobseeker__agency__departement")
    )
    found = proposed_targets(request.user, list(placements))
    return HandOverForm(
        data,
        proposals=with_room(found),
        full=found,
        targets=Portfolio.objects.open_to_transfers_of(request.user),
        auto_id=f"id_{source.pk}_%s",
    )


def _page(
    request: AuthenticatedRequest,
    user: User,
    adviser: Adviser | None,
    *,
    form: AdviserForm | None = None,
    handing_over: tuple[Portfolio, HandOverForm] | None = None,
    address_form: StaffAddressForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "member": user,
        "adviser": adviser,
        "refusal": refusal,
        "invited": user.is_active and not user.has_usable_password(),
        "oneself": user.pk == request.user.pk,
        "portfolios": [],
        "handovers": [],
        "left": [],
        "regions": [],
        "form": form,
        "address_form": address_form or StaffAddressForm(),
        "address_change": AddressChange.objects.filter(user=user).first(),
    }
    if adviser is not None:
        portfolios = list(
            with_covers(Portfolio.objects.filter(adviser=adviser), timezone.now()).order_by("modality", "pk")
        )
        sent = {handing_over[0].pk: handing_over[1]} if handing_over else {}
        filled = [portfolio for portfolio in portfolios if portfolio.occupied or portfolio.pk in sent]
        context.update(
            portfolios=portfolios,
            left=staff.left_to_settle(adviser),
            handovers=[(one, sent.get(one.pk) or _hand_over_form(request, one)) for one in filled],
            form=form
            or AdviserForm(
                agencies=agencies_of(request.user),
                initial={"agency": adviser.agency.code, "working_share": adviser.working_share},
            ),
        )
    else:
        manager = Manager.objects.get(user=user)
        context["regions"] = ["Tout le pays"] if manager.whole_country else list(manager.regions.all())
    return render(request, "caseload/steering/member.html", context, status=status)
