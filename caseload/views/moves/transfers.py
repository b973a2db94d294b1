"""Transferts: permanent moves to another portfolio, their results, and the planned ones."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted
from accompaniment.rules.parsing import number_in, numbers_in
from accompaniment.services.foreseen import names_of
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, role_required
from accompaniment.views.once import once, went_through
from caseload.forms.moves.transfers import TransferForm
from caseload.hooks.coming import booked
from caseload.models import Placement, Portfolio, Transfer, TransferBatch
from caseload.reads.moves.transfer_reports import (
    going_along,
    history_of,
    leaving,
    proposed_targets,
    readings_of,
    report_of,
    shares_of,
    staying_by_reason,
    with_room,
)
from caseload.services.moves.carrying_out import READING_RIGHT_LASTS
from caseload.services.moves.transfers import TargetsFullError, cancel_transfers, foresee, transfer_people

PER_PAGE = 50
MOVED_WHILE_ONE_WAITS = 10
"""The number of people moved before the page answers.

The others follow in the background, and the report shows the progress.
"""


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def history(request: AuthenticatedRequest) -> HttpResponse:
    """The transfers that the user may see, newest first."""
    page = Paginator(history_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    readings = readings_of(request.user, now=timezone.now())
    return render(request, "caseload/moves/transfers.html", {"page": page, "readings": readings})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER, Role.MANAGER)
def new(request: AuthenticatedRequest) -> HttpResponse:
    """Choose where people go (GET), check the consequences, then decide (POST; the button says which).

    The form's own token makes a second sending lead to the same batch. `once` cannot be used here: it would put
    everybody into one transaction, and each person moves in a separate one.
    """
    if request.method != "POST":
        return _form_page(request, _form(request, initial={"people": _chosen(request)}))
    step = request.POST.get("etape", "")
    if step == "modifier":
        return _form_page(request, _form(request, initial=_typed(request)))
    form = _form(request, data=request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        return _look(request, form) if step == "voir" else _decide(request, form)
    except TargetsFullError as refusal:
        form.add_error("targets", refusal.sentence)
        return _form_page(request, form, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _form_page(request, form, status=422)


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def transfer(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The report of a batch: who moved, who did not and why, what is planned."""
    batch = get_object_or_404(TransferBatch.objects.visible_to(request.user).select_related("decided_by"), pk=pk)
    return _report(request, batch)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def cancel(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Cancel what is planned, for everybody or for the person whose button was pressed."""
    batch = get_object_or_404(TransferBatch.objects.visible_to(request.user).select_related("decided_by"), pk=pk)
    own = Transfer.objects.decided_over_by(request.user).filter(batch=batch)
    wanted = numbers_in(request.POST.getlist("transfert"))
    only = list(own.filter(pk__in=wanted)) if wanted else None
    if not (own.exists() if only is None else only):
        raise MissingRightError(
            missing="Ce transfert n'est pas à vous\u00a0: seuls la personne qui l'a décidé et les responsables des "
            "régions concernées peuvent l'annuler.",
            remedy="Demandez-leur.",
        )
    try:
        cancelled = cancel_transfers(actor=request.user, batch=batch, only=only)
    except DomainError as refusal:
        return _report(request, batch, refusal=refusal.sentence, status=409)
    messages.success(request, f"{counted(cancelled, 'un transfert annulé').capitalize()}.")
    return redirect("transfer", pk=batch.pk)


def _report(
    request: AuthenticatedRequest, batch: TransferBatch, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    report = report_of(batch, reader=request.user, now=timezone.now())
    template = "caseload/moves/partials/_transfer_report.html" if request.htmx else "caseload/moves/transfer.html"
    context = {"report": report, "refusal": refusal, "reading_lasts": READING_RIGHT_LASTS}
    return render(request, template, context, status=status)


def _form(request: AuthenticatedRequest, **facts: Any) -> TransferForm:
    return TransferForm(
        **facts,
        actor=request.user,
        people=Placement.objects.once_followed_by(request.user),
        targets=Portfolio.objects.open_to_transfers_of(request.user),
    )


def _chosen(request: AuthenticatedRequest) -> list[int]:
    """Return the open placements of the people, or of the whole portfolio, in the URL."""
    people = numbers_in(request.GET.getlist("personne"))
    chosen = Q(jobseeker__in=people)
    if (portfolio := number_in(request.GET.get("portefeuille", ""))) is not None:
        chosen |= Q(portfolio=portfolio)
    found = Placement.objects.open().visible_to(request.user).filter(chosen)
    return list(found.values_list("pk", flat=True))


def _typed(request: AuthenticatedRequest) -> dict[str, Any]:
    """Return the typed values, to continue with."""
    return {
        "people": request.POST.getlist("people"),
        "targets": request.POST.getlist("targets"),
        **{name: request.POST.get(name, "") for name in ("due_on", "reason", "keep_reading", "token")},
    }


def _people_of(request: AuthenticatedRequest, form: TransferForm) -> list[Placement]:
    pks = numbers_in([str(one) for one in form["people"].value() or ()])
    found = Placement.objects.once_followed_by(request.user).filter(pk__in=pks)
    return list(
        found.select_related(
            "portfolio__adviser__user", "jobseeker__summary", "jobseeker__agency__departement__region"
        ).order_by("jobseeker__last_name", "jobseeker__first_name", "pk")
    )


def _form_page(request: AuthenticatedRequest, form: TransferForm, *, status: int = 200) -> HttpResponse:
    placements = _people_of(request, form)
    people = leaving(placements, reader=request.user, now=timezone.now())
    proposals = proposed_targets(request.user, placements)
    chosen = {str(pk) for pk in form["targets"].value() or ()}
    takes = with_room(proposals)
    possible = proposals if form["due_on"].value() else takes
    kept = [portfolio.pk for portfolio in possible if str(portfolio.pk) in chosen]
    context = {
        "form": form,
        "people": people,
        "along": going_along(people, now=timezone.now()),
        "proposals": proposals,
        # Portfolios that are full by now are no longer proposed; the next ones take their place.
        "selected": kept or [portfolio.pk for portfolio in takes[:1] if chosen],
        "address": _address(request, placements),
        "back": "portfolios" if request.user.is_manager else "my_portfolio",
    }
    return render(request, "caseload/moves/transfer_new.html", context, status=status)


def _address(request: AuthenticatedRequest, placements: Iterable[Placement]) -> str:
    """Return the URL of the form with its people, so that it survives a log-in."""
    named = request.GET.urlencode() or urlencode([("personne", placement.jobseeker_id) for placement in placements])
    return f"{reverse('transfer_new')}?{named}"


def _look(request: AuthenticatedRequest, form: TransferForm) -> HttpResponse:
    """Show the consequences, with a button that carries the transfer out."""
    facts = form.cleaned_data
    rows = foresee(actor=request.user, people=facts["people"], targets=facts["targets"], due_on=facts["due_on"])
    moving = {row.jobseeker_id for row in rows if row.target is not None}
    people = leaving(
        (one for one in _people_of(request, form) if one.jobseeker_id in moving),
        reader=request.user,
        now=timezone.now(),
    )
    context = {
        "form": form,
        "facts": facts,
        "reading_lasts": READING_RIGHT_LASTS,
        "keeps_reading": facts.get("keep_reading", False),
        "shares": shares_of(rows),
        "staying": staying_by_reason(rows),
        "staying_count": sum(row.target is None for row in rows),
        "moving": len(moving),
        "along": going_along(people, now=timezone.now()),
        "booked": _booked_with(sorted(moving), reader=request.user),
        "address": _address(request, facts["people"]),
    }
    return render(request, "caseload/moves/transfer_confirm.html", context)


def _booked_with(people: list[int], *, reader: User) -> list[str]:
    """Return who of these people has something booked, and what."""
    found = [ask(people, timezone.now()) for ask in booked]
    return names_of({pk for part in found for pk in part}, reader=reader, ending=found)


def _decide(request: AuthenticatedRequest, form: TransferForm) -> HttpResponse:
    facts = form.cleaned_data
    batch = transfer_people(
        actor=request.user,
        people=facts["people"],
        targets=facts["targets"],
        reason=facts["reason"],
        due_on=facts["due_on"],
        keep_reading=facts.get("keep_reading", False),
        token=facts["token"],
        wait_for=MOVED_WHILE_ONE_WAITS,
    )
    answer = redirect("transfer", pk=batch.pk)
    went_through(request, answer)
    return answer
