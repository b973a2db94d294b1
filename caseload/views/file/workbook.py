"""Notes, action plan and documents, as the adviser keeps them in a person's file."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.workbook import (
    DocumentForm,
    EditObjectiveForm,
    EditStepForm,
    NoteForm,
    ObjectiveForm,
    StepForm,
)
from accompaniment.models import Document, Jobseeker, Note, Objective, Step
from accompaniment.models.people import JobseekerQuerySet
from accompaniment.reads.action_plan import objectives_of, with_sources
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services import action_plan, audit, notes
from accompaniment.services.action_plan import shown_line
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, get_to_act, role_required
from accompaniment.views.once import once
from accompaniment.views.workbook import add_sent_document, as_a_download
from caseload.views.file.dossier import person_page

PEOPLE = Jobseeker.objects.select_related("agency__departement__region", "user")


@role_required(Role.ADVISER)
@require_POST
@once
def add_note(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    person = get_to_act(PEOPLE.all(), request.user, pk=pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        notes.write_note(actor=request.user, jobseeker=person, body=form.cleaned_data["body"])
        messages.success(request, "La note est enregistrée.")
        return redirect("person", pk=person.pk)
    return person_page(request, person, note_form=form, status=422)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_note(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask whether a note should leave the file for good (GET), and remove it (POST)."""
    note: Note = get_to_act(Note.objects.select_related("jobseeker"), request.user, pk=pk)
    if request.method != "POST" and note.author_id == request.user.pk:
        return render(request, "caseload/file/withdraw_note.html", {"note": note, "person": note.jobseeker})
    if request.method != "POST":
        messages.error(request, notes.ONLY_ITS_AUTHOR)
        return redirect("person", pk=note.jobseeker_id)
    try:
        notes.withdraw_note(actor=request.user, note=note)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, "La note est retirée.")
    return redirect("person", pk=note.jobseeker_id)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def action_plan_page(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The action plan with its steps; a POST adds an objective."""
    person = get_to_act(PEOPLE.all(), request.user, pk=pk)
    form = ObjectiveForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            action_plan.add_objective(actor=request.user, jobseeker=person, **form.cleaned_data)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return redirect("action_plan", pk=person.pk)
    return _action_plan(request, person, form=form, status=422 if form.is_bound else 200)


@role_required(Role.ADVISER)
@require_POST
@once
def add_step(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    objective: Objective = get_to_act(Objective.objects.select_related("jobseeker"), request.user, pk=pk)
    form = StepForm(request.POST, auto_id=f"objectif-{pk}-%s")
    status = 422
    if form.is_valid():
        try:
            action_plan.add_step(actor=request.user, objective=objective, facts=form.facts)
        except DomainError as refusal:
            add_refusal(form, refusal)
            status = 409
        else:
            return redirect("action_plan", pk=objective.jobseeker_id)
    person = PEOPLE.get(pk=objective.jobseeker_id)
    return _action_plan(request, person, step_forms={objective.pk: form}, status=status)


@role_required(Role.ADVISER)
@require_POST
def close_objective(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    objective: Objective = get_to_act(Objective.objects.all(), request.user, pk=pk)
    action_plan.close_objective(actor=request.user, objective=objective)
    messages.success(request, "L'objectif est clos. Vous pouvez le rouvrir.")
    return redirect("action_plan", pk=objective.jobseeker_id)


@role_required(Role.ADVISER)
@require_POST
def reopen_objective(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    objective: Objective = get_to_act(Objective.objects.all(), request.user, pk=pk)
    try:
        action_plan.reopen_objective(actor=request.user, objective=objective)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, "L'objectif est rouvert.")
    return redirect("action_plan", pk=objective.jobseeker_id)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_objective(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Change an objective. If somebody else has changed it meanwhile, both versions are shown."""
    objective: Objective = get_to_act(Objective.objects.select_related("jobseeker"), request.user, pk=pk)
    shown = shown_line(objective)
    if request.method != "POST":
        return _objective(request, objective, EditObjectiveForm(initial=shown.state, shown=shown))
    form = EditObjectiveForm(request.POST, shown=shown)
    if not form.is_valid():
        return _objective(request, objective, form, status=422)
    try:
        action_plan.change_objective(
            actor=request.user, objective=objective, facts=form.facts, seen=form.cleaned_data["seen"]
        )
    except ChangedMeanwhileError as changed:
        objective.refresh_from_db(fields=["title", "due_on"])
        return _objective(request, objective, form.again(changed), told=changed, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _objective(request, objective, form, status=409)
    return redirect("action_plan", pk=objective.jobseeker_id)


@role_required(Role.ADVISER)
@require_POST
@once
def remove_step(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    step: Step = get_to_act(Step.objects.select_related("objective"), request.user, pk=pk)
    try:
        action_plan.remove_step(actor=request.user, step=step)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, "L'étape est retirée du plan.")
    return redirect("action_plan", pk=step.objective.jobseeker_id)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_step(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Change a step. If somebody else has changed it meanwhile, both versions are shown."""
    step: Step = get_to_act(Step.objects.select_related("objective__jobseeker"), request.user, pk=pk)
    shown = shown_line(step)
    if request.method != "POST":
        return _step(request, step, EditStepForm(initial=shown.state, shown=shown))
    form = EditStepForm(request.POST, shown=shown)
    if not form.is_valid():
        return _step(request, step, form, status=422)
    try:
        action_plan.change_step(actor=request.user, step=step, facts=form.facts, seen=form.cleaned_data["seen"])
    except ChangedMeanwhileError as changed:
        step.refresh_from_db(fields=["title", "due_on"])
        return _step(request, step, form.again(changed), told=changed, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _step(request, step, form, status=409)
    return redirect("action_plan", pk=step.objective.jobseeker_id)


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_documents(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The documents of a file; an adviser can add one."""
    people: JobseekerQuerySet = PEOPLE.all()
    sent = request.method == "POST"
    person = (
        get_to_act(people, request.user, pk=pk) if sent else get_object_or_404(people.readable_by(request.user), pk=pk)
    )
    if sent and not request.user.is_adviser:
        raise MissingRightError(
            missing="Vous lisez ce dossier comme responsable, sans rien y ajouter.",
            remedy="Le conseiller qui suit la personne, ou son relais, peut ajouter ce document.",
        )
    form = DocumentForm(request.POST, request.FILES) if sent else DocumentForm()
    if add_sent_document(request, person, form):
        messages.success(request, "Le document est dans le dossier.")
        return redirect("person_documents", pk=person.pk)
    audit.record_reading(actor=request.user, jobseeker=person, part=FilePart.DOCUMENTS)
    return render(
        request,
        "caseload/file/documents.html",
        {
            "person": person,
            "form": form,
            "documents": Document.objects.filter(jobseeker=person, removed_at=None).select_related("added_by"),
            "may_add": request.user.is_adviser and people.visible_to(request.user).filter(pk=pk).exists(),
        },
        status=422 if form.is_bound else 200,
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person_document(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Return a document. A reading by anybody but the adviser leaves an audit row, which a GET may write."""
    found: Document = get_object_or_404(
        Document.objects.readable_by(request.user).select_related("jobseeker"), pk=pk, removed_at=None
    )
    audit.record_reading(actor=request.user, jobseeker=found.jobseeker, part=f"{FilePart.DOCUMENT}:{found.pk}")
    return as_a_download(found)


def _action_plan(
    request: AuthenticatedRequest,
    person: Jobseeker,
    *,
    form: ObjectiveForm | None = None,
    step_forms: Mapping[int, StepForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=person, part=FilePart.ACTION_PLAN)
    typed = step_forms or {}
    lines = [
        (objective, typed.get(objective.pk) or StepForm(auto_id=f"objectif-{objective.pk}-%s"))
        for objective in with_sources(objectives_of(person))
    ]
    return render(
        request,
        "caseload/file/action_plan.html",
        {
            "person": person,
            "lines": lines,
            "form": form or ObjectiveForm(),
            "today": timezone.now().astimezone(person.agency.zone).date(),
        },
        status=status,
    )


def _step(
    request: AuthenticatedRequest,
    step: Step,
    form: EditStepForm,
    *,
    told: ChangedMeanwhileError | None = None,
    status: int = 200,
) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=step.objective.jobseeker, part=FilePart.ACTION_PLAN)
    return render(
        request,
        "caseload/file/step.html",
        {"step": step, "person": step.objective.jobseeker, "form": form, "told": told},
        status=status,
    )


def _objective(
    request: AuthenticatedRequest,
    objective: Objective,
    form: EditObjectiveForm,
    *,
    told: ChangedMeanwhileError | None = None,
    status: int = 200,
) -> HttpResponse:
    audit.record_reading(actor=request.user, jobseeker=objective.jobseeker, part=FilePart.ACTION_PLAN)
    return render(
        request,
        "caseload/file/objective.html",
        {"objective": objective, "person": objective.jobseeker, "form": form, "told": told},
        status=status,
    )
