"""Imports: a manager loads the files of the information system and sees the result of each."""

import codecs

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role, Tier
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import listed
from accompaniment.rules.imports.rows import AGENCY_COLUMN, UNKNOWN_AGENCIES
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, role_required
from accompaniment.views.foreseen import shown_in
from accompaniment.views.once import once
from caseload.enums import ImportKind, ImportState
from caseload.forms.steering.imports import ImportForm, ImportKindForm
from caseload.models import ImportRun
from caseload.reads.steering.figures import regions_of
from caseload.services.steering.import_changes import foreseen_by, still_elsewhere
from caseload.services.steering.imports import (
    REJECTED_ROWS_KEPT,
    confirm_file,
    give_up_file,
    receive_file,
    record,
    record_values_shown,
    somebody_loads,
    waits_for_agencies,
)

PER_PAGE = 20
ROWS_SHOWN = 200

COUNTS = {
    "rows": "Lignes lues",
    "created": "Créées",
    "updated": "Modifiées",
    "unchanged": "Inchangées",
    "rejected": "Rejetées",
    "warnings": "Avertissements",
}
CHANGES = {
    "tier_changes": "Modalités changées",
    "web_ends": "Dont 100\u00a0% web terminés ou demandes closes",
    "region_changes": "Passages dans une autre région",
}
NOT_ELIGIBLE = {
    "modalite": "La modalité n'est pas «\u00a0guidé\u00a0»",
    "region": "Le 100\u00a0%\u00a0web n'était pas ouvert dans la région le jour de l'inscription",
    "email": "Pas d'adresse e-mail",
}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def import_list(request: AuthenticatedRequest) -> HttpResponse:
    """The history and the three forms. Files concern the whole country, so only its managers load them."""
    may_load = steers_the_country(request)
    forms = {kind: ImportForm(kind) for kind in ImportKind}
    refused = False
    if request.method == "POST":
        if not may_load:
            raise only_the_country(request)
        form = _sent_form(request)
        forms[form.kind] = form
        if run := _received(request, form):
            return redirect("import", pk=run.pk)
        refused = True
    runs = ImportRun.objects.visible_to(request.user).for_history()
    return render(
        request,
        "caseload/steering/imports.html",
        {
            "may_load": may_load,
            "agencies_first": may_load and waits_for_agencies(),
            "maximum": settings.IMPORT_MAXIMUM_MEGABYTES,
            "forms": list(forms.values()),
            "page": Paginator(runs, PER_PAGE).get_page(request.GET.get("page")),
        },
        status=422 if refused else 200,
    )


@require_safe
@role_required(Role.MANAGER)
def import_detail(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The state of one file. While it waits or is loaded, the page reloads its middle part."""
    run = get_object_or_404(
        ImportRun.objects.visible_to(request.user).select_related("uploaded_by").defer("rejected_csv"), pk=pk
    )
    if run.rejected_rows or run.warned_rows:
        record_values_shown(actor=request.user, run=run)
    unfinished = run.state in {ImportState.WAITING, ImportState.RUNNING}
    summary = run.summary
    response = render(
        request,
        "caseload/steering/partials/_import_run.html" if request.htmx else "caseload/steering/import.html",
        {
            "run": run,
            "unfinished": unfinished,
            "foreseen": foreseen_by(run, reader=request.user) if run.state == ImportState.ASKING else None,
            "mark": run.foreseen.get("mark", ""),
            "somebody_loads": unfinished and somebody_loads(),
            "announced": run.state != request.GET.get("vu"),
            "counts": [(label, summary.get(key, 0), key) for key, label in COUNTS.items()],
            "changed": bool(summary.get("created") or summary.get("updated")),
            "accompaniments_changed": bool(summary.get("tier_changes") or summary.get("region_changes")),
            "changes": [(label, summary.get(key, 0)) for key, label in CHANGES.items()],
            "elsewhere": still_elsewhere(run, reader=request.user)[:ROWS_SHOWN],
            "enrolment_requests": summary.get("enrolment_requests", 0),
            "not_eligible": [
                (sentence, summary.get("not_eligible", {}).get(reason, 0)) for reason, sentence in NOT_ELIGIBLE.items()
            ],
            "tiers": [(tier.label, summary.get("tiers", {}).get(tier, 0)) for tier in Tier],
            "rejected_by_column": sorted(summary.get("rejected_by_column", {}).items(), key=lambda item: -item[1]),
            "rejected": run.rejected_rows[:ROWS_SHOWN],
            "unknown_agencies": UNKNOWN_AGENCIES if summary.get("rejected_by_column", {}).get(AGENCY_COLUMN) else "",
            "forgotten": run.finished_at is not None and run.finished_at <= timezone.now() - REJECTED_ROWS_KEPT,
            "kept": REJECTED_ROWS_KEPT,
            "rejected_total": summary.get("rejected", 0),
            "warned": run.warned_rows[:ROWS_SHOWN],
            "warned_total": summary.get("warnings", 0),
        },
    )
    # The part and the page share one URL, so neither may be cached for the other.
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@role_required(Role.MANAGER)
@once
def confirm_import(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Load a file after reading whom it concerns, or give it up."""
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    if not steers_the_country(request):
        raise only_the_country(request)
    try:
        if "renoncer" in request.POST:
            give_up_file(actor=request.user, run=run)
        else:
            confirm_file(actor=request.user, run=run, shown=shown_in(request))
    except NotAllowedNowError as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("import", pk=run.pk)


@require_safe
@role_required(Role.MANAGER)
def import_rejected_rows(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The rejected rows as a file to correct and load again."""
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    if not run.rejected_csv:
        raise Http404
    record(actor=request.user, run=run, event="rejected_rows_taken")
    response = HttpResponse(codecs.BOM_UTF8 + run.rejected_csv.encode(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = str(content_disposition_header(True, f"{run.filename}.rejets.csv"))
    return response


def only_the_country(request: AuthenticatedRequest) -> MissingRightError:
    """Return the sentence for a manager of regions who tries an act on the whole country."""
    regions = listed(regions_of(request.user).order_by("name").values_list("name", flat=True)) or "aucune région"
    return MissingRightError(
        missing=f"Votre compte de responsable vaut pour {regions}\u00a0; ceci demande le droit sur tout le pays.",
        remedy="Demandez ce changement à un responsable de tout le pays\u00a0: lui seul a ce droit, et peut inviter "
        "quelqu'un qui l'a.",
    )


def steers_the_country(request: AuthenticatedRequest) -> bool:
    """Return whether the manager steers the whole country."""
    manager = getattr(request.user, "manager", None)
    return manager is not None and manager.whole_country


def _received(request: AuthenticatedRequest, form: ImportForm) -> ImportRun | None:
    """Return the accepted file, which waits for a worker, or None if it was refused, with the error at its field."""
    if not form.is_valid():
        return None
    upload = form.cleaned_data["file"]
    try:
        return receive_file(actor=request.user, kind=form.kind, filename=upload.name, source=upload)
    except DomainError as refusal:
        form.add_error("file", refusal.sentence)
        return None


def _sent_form(request: AuthenticatedRequest) -> ImportForm:
    sent = ImportKindForm(request.POST)
    if not sent.is_valid():
        raise BadRequest("unknown kind of file")
    return ImportForm(sent.cleaned_data["kind"], request.POST, request.FILES)
