"""Action plan and documents of a person's file, for both sides, each within their own perimeter."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.workbook import DocumentForm
from accompaniment.models import Document, Jobseeker, Step
from accompaniment.rules.errors import DomainError
from accompaniment.services import action_plan, audit, documents
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file


@role_required(Role.JOBSEEKER, Role.ADVISER)
@require_POST
def tick_step(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Mark a step as done (`fait=1`) or not, and return to the page with the mark."""
    if request.user.is_jobseeker:
        step: Step = get_object_or_404(Step.objects.visible_to(request.user).select_related("objective"), pk=pk)
    else:
        step = get_to_act(Step.objects.select_related("objective"), request.user, pk=pk)
    done = request.POST.get("fait") == "1"
    try:
        action_plan.tick_step(actor=request.user, step=step, done=done)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"«\u00a0{step.title}\u00a0»\u00a0: {'étape faite' if done else 'étape à faire'}.")
    own = request.user.is_jobseeker
    page = reverse("my_accompaniment") if own else reverse("action_plan", args=[step.objective.jobseeker_id])
    return redirect(f"{page}#etape-{step.pk}")


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def own_documents(request: AuthenticatedRequest) -> HttpResponse:
    """The documents of the person's own file; adding one."""
    person = own_file(request)
    form = DocumentForm(request.POST, request.FILES) if request.method == "POST" else DocumentForm()
    if add_sent_document(request, person, form):
        messages.success(request, "Votre document est dans votre dossier. Votre conseiller peut le lire.")
        return redirect("own_documents")
    found = Document.objects.filter(jobseeker=person, removed_at=None).select_related("added_by")
    return render(
        request,
        "accompaniment/documents.html",
        {"person": person, "form": form, "documents": found},
        status=422 if form.is_bound else 200,
    )


def add_sent_document(request: AuthenticatedRequest, person: Jobseeker, form: DocumentForm) -> bool:
    """Add the file of a sent form to the dossier; return False, with the reason in the form, if it is refused."""
    if not form.is_bound or not form.is_valid():
        return False
    upload = form.cleaned_data["file"]
    try:
        documents.add_document(
            actor=request.user, jobseeker=person, title=form.cleaned_data["title"] or upload.name, upload=upload
        )
    except DomainError as refusal:
        form.add_error("file", refusal.sentence)
        return False
    return True


@role_required(Role.JOBSEEKER)
@require_safe
def own_document(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    return as_a_download(get_object_or_404(Document.objects.visible_to(request.user), pk=pk, removed_at=None))


def as_a_download(document: Document) -> HttpResponse:
    """Return a document as a download that no browser opens as a page of ours; Http404 if its file is gone."""
    kind = documents.KINDS[document.content_type]
    try:
        content = document.file.open("rb")
    except FileNotFoundError as missing:
        raise Http404 from missing
    title = document.title.removesuffix(f".{kind.ending}")
    # Read at once, because it is small. Under ASGI Django would load a streamed file whole anyway, with a warning.
    with content:
        response = HttpResponse(content.read(), content_type=kind.media_type)
    response["Content-Disposition"] = str(content_disposition_header(True, f"{title}.{kind.ending}"))
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@role_required(Role.JOBSEEKER, Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_document(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Remove a document after a confirmation. A person can remove only their own documents."""
    if request.user.is_jobseeker:
        own = Document.objects.visible_to(request.user).filter(added_by=request.user).select_related("jobseeker")
        found: Document = get_object_or_404(own, pk=pk)
    else:
        found = get_to_act(Document.objects.select_related("jobseeker"), request.user, pk=pk)
    own_side = request.user.is_jobseeker
    back = reverse("own_documents") if own_side else reverse("person_documents", args=[found.jobseeker_id])
    if request.method != "POST":
        audit.record_reading(actor=request.user, jobseeker=found.jobseeker, part=FilePart.DOCUMENTS)
        return render(request, "accompaniment/remove_document.html", {"document": found, "back": back})
    documents.remove_document(actor=request.user, document=found)
    messages.success(request, "Le document est retiré.")
    return redirect(back)
