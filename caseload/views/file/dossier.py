"""A person's file, as staff read it."""

from collections.abc import Iterable

from django.contrib import messages
from django.db.models import Count, Window
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.workbook import NoteForm
from accompaniment.models import Jobseeker, Note
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services import audit
from accompaniment.services.contact_details import DETAILS, change_details, details_of
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.enums import TimelineKind
from caseload.forms.file.dossier import DetailsForm, TimelineForm
from caseload.reads.file.dossier import file_of
from caseload.reads.file.timeline import timeline_of

NOTES_SHOWN = 3


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The whole file. A reading by anybody but the adviser leaves an audit row, which a GET may write."""
    return person_page(request, _readable(request, pk))


def person_page(
    request: AuthenticatedRequest,
    person: Jobseeker,
    *,
    note_form: NoteForm | None = None,
    details_asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Render the whole file, with a note that could not be saved as it was typed."""
    file = file_of(person, reader=request.user, now=timezone.now())
    audit.record_reading(actor=request.user, jobseeker=file.person)
    asked = TimelineForm(request.GET).asked
    return render(
        request,
        "caseload/file/person.html",
        {
            "file": file,
            "details_shown": details_asked or file.read_by_its_adviser,
            "details_asked": details_asked,
            "timeline": timeline_of(person, kind=asked.kind, before=asked.before),
            "kinds": TimelineKind,
            "note_form": note_form or NoteForm(),
            "notes": _last_notes(person),
        },
        status=status,
    )


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
def person_details(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show birth date, telephone and e-mail on demand, with an audit row. The adviser sees them without asking."""
    file = file_of(_readable(request, pk), reader=request.user, now=timezone.now())
    audit.record_reading(actor=request.user, jobseeker=file.person, part=FilePart.CONTACT_DETAILS)
    if request.htmx:
        shown = {"file": file, "details_shown": True, "details_asked": True}
        return render(request, "caseload/file/partials/_person_details.html", shown)
    return person_page(request, file.person, details_asked=True)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_details(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Correct contact details. If a colleague was faster, the page shows their values and keeps what was typed."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=person, part=FilePart.CONTACT_DETAILS)
    sent = request.POST if request.method == "POST" else None
    form = DetailsForm(sent, initial=details_of(person), person=person)
    if not (form.is_bound and form.is_valid()):
        return _details_page(request, person, form, status=422 if form.is_bound else 200)
    typed = dict(form.cleaned_data)
    try:
        change_details(actor=request.user, jobseeker=person, seen=typed.pop("seen"), typed=typed)
    except ChangedMeanwhileError as changed:
        both = [
            (str(form[name].label), _shown(form, name, changed.now.state[name]))
            for name in DETAILS
            if name in changed.changed
        ]
        return _details_page(request, person, form.again(changed), both=both, told=changed, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _details_page(request, person, form, status=409)
    messages.success(request, "Les coordonnées sont enregistrées.")
    return redirect("person", pk=person.pk)


def _details_page(
    request: AuthenticatedRequest,
    person: Jobseeker,
    form: DetailsForm,
    *,
    both: Iterable[tuple[str, str]] = (),
    told: ChangedMeanwhileError | None = None,
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "caseload/file/details.html",
        {"person": person, "form": form, "both": list(both), "told": told},
        status=status,
    )


def _shown(form: DetailsForm, name: str, value: str) -> str:
    """Return a detail as people read it: the label of a choice, or the text itself."""
    return str(dict(getattr(form.fields[name], "choices", [])).get(value, value)) or "rien"


def _last_notes(person: Jobseeker) -> list[Note]:
    """Return the last notes, each with the `total` of all."""
    standing = Note.objects.filter(jobseeker=person, withdrawn_at=None).annotate(total=Window(Count("pk")))
    return list(standing.select_related("author")[:NOTES_SHOWN])


def _readable(request: AuthenticatedRequest, pk: int) -> Jobseeker:
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region", "user"), pk=pk
    )
    return person
