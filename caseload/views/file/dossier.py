"""A person's file, as staff read it."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.workbook import NoteForm
from accompaniment.models import Jobseeker, Note
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.services.contact_details import DETAILS, DetailsChangedMeanwhileError, change_details, details_of
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.enums import TimelineKind
from caseload.forms.file.dossier import DetailsForm, DetailsSeenForm, TimelineForm
from caseload.reads.file.dossier import file_of
from caseload.reads.file.timeline import timeline_of

NOTES_SHOWN = 3


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The whole file; a reading by somebody else than the adviser leaves its audit row (the exception for a GET)."""
    return person_page(request, _readable(request, pk))


def person_page(
    request: AuthenticatedRequest,
    person: Jobseeker,
    *,
    note_form: NoteForm | None = None,
    details_asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Render the whole file, with a note that could not be kept as it was typed."""
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
            "notes": Note.objects.filter(jobseeker=person, withdrawn_at=None).select_related("author")[:NOTES_SHOWN],
        },
        status=status,
    )


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
def person_details(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show birth date, telephone and e-mail to somebody else than the adviser, on demand and audited."""
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
    """Correct how the person is reached; who comes second is told field by field, and keeps what was typed."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=person, part=FilePart.CONTACT_DETAILS)
    now_says = details_of(person)
    if request.method != "POST":
        form = DetailsForm(initial=now_says, person=person)
        return _details_page(request, person, form, DetailsSeenForm(initial=now_says))
    form = DetailsForm(request.POST, initial=now_says, person=person)
    seen = DetailsSeenForm(request.POST)
    if not (form.is_valid() and seen.is_valid()):
        return _details_page(request, person, form, seen, status=422)
    try:
        change_details(actor=request.user, jobseeker=person, base=seen.cleaned_data, typed=form.cleaned_data)
    except DetailsChangedMeanwhileError as changed:
        theirs = details_of(changed.person)
        both = [
            (str(form[name].label), _shown(form, name, theirs[name])) for name in DETAILS if name in changed.conflicts
        ]
        typed = DetailsForm(request.POST, initial=theirs, person=changed.person)
        return _details_page(request, person, typed, DetailsSeenForm(initial=theirs), both=both, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _details_page(request, person, form, seen, status=409)
    messages.success(request, "Les coordonnées sont enregistrées.")
    return redirect("person", pk=person.pk)


def _details_page(
    request: AuthenticatedRequest,
    person: Jobseeker,
    form: DetailsForm,
    seen: DetailsSeenForm,
    *,
    both: Iterable[tuple[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "caseload/file/details.html",
        {"person": person, "form": form, "seen": seen, "both": list(both)},
        status=status,
    )


def _shown(form: DetailsForm, name: str, value: str) -> str:
    """Return a detail as people read it: the label of a choice, or the words themselves."""
    return str(dict(getattr(form.fields[name], "choices", [])).get(value, value)) or "rien"


def _readable(request: AuthenticatedRequest, pk: int) -> Jobseeker:
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region", "user"), pk=pk
    )
    return person
