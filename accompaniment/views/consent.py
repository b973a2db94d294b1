"""Reading and accepting the text on the 100 % web track, declining the track, and leaving it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.consent import AcceptanceForm
from accompaniment.hooks.track_changes import foreseen_at_track_end
from accompaniment.models import Consent, ConsentText, Jobseeker
from accompaniment.reads.certificate import certificate_of, certificate_pdf
from accompaniment.reads.contact_plans import ending_with_the_plan
from accompaniment.reads.pdf import PdfUnavailableError
from accompaniment.reads.standing import standing_of
from accompaniment.rules.errors import DomainError
from accompaniment.rules.legal_words import legal_sentence
from accompaniment.services import audit
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from accompaniment.views.paper import as_a_pdf


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def acceptance(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    if request.method != "POST":
        return _acceptance_page(request, person)
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return _acceptance_page(request, person, form=form, status=422)
    text = get_object_or_404(ConsentText, version=form.cleaned_data["version"])
    ran = standing_of(person, timezone.now()).on_web
    try:
        accept_terms(actor=request.user, jobseeker=person, text=text)
    except DomainError as refusal:
        return _acceptance_page(request, person, refusal=refusal.sentence, status=409)
    if not ran and standing_of(person, timezone.now()).on_web:
        messages.success(
            request,
            "Votre acceptation est enregistrée\u00a0: votre 100\u00a0% web a commencé. "
            "Choisissez votre premier rendez-vous.",
        )
        return redirect("take_interview")
    messages.success(request, "Votre acceptation est enregistrée.")
    return redirect("acceptance")


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def leave(request: AuthenticatedRequest) -> HttpResponse:
    """For good, at once, without a reason. Asking for one meeting on site is another page and ends nothing."""
    person = own_file(request)
    if request.method == "POST":
        ran = standing_of(person, timezone.now()).on_web
        leave_track(actor=request.user, jobseeker=person)
        given_up = "Vous avez quitté le 100\u00a0% web." if ran else "Vous avez renoncé au 100\u00a0% web."
        messages.success(request, f"{given_up} Votre accompagnement continue avec votre conseiller ou votre agence.")
        return redirect("space")
    return render(
        request,
        "accompaniment/leave.html",
        {
            "person": person,
            "standing": standing_of(person, timezone.now()),
            "ended": [sentence for say in foreseen_at_track_end for sentence in say(person)],
            "waived": ending_with_the_plan([person.pk]).get(person.pk, []),
        },
    )


def _acceptance_page(
    request: AuthenticatedRequest,
    person: Jobseeker,
    *,
    form: AcceptanceForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    standing = standing_of(person, timezone.now())
    version = standing.text.version if standing.text else None
    return render(
        request,
        "accompaniment/consent.html",
        {
            "person": person,
            "standing": standing,
            "form": form or AcceptanceForm(initial={"version": version}),
            "in_short": legal_sentence("web_in_short").split("\n"),
            "refusal": refusal,
        },
        status=status,
    )


@require_safe
def certificate(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Return the PDF, or the page to print if the PDF cannot be made. A reading by staff leaves an audit row."""
    consent = get_object_or_404(
        Consent.objects.readable_by(request.user).select_related("text", "jobseeker__agency__departement__region"),
        pk=pk,
    )
    found = certificate_of(consent, now=timezone.now())
    audit.record_reading(actor=request.user, jobseeker=consent.jobseeker, part=FilePart.CERTIFICATE)
    try:
        pdf = certificate_pdf(found)
    except PdfUnavailableError:
        return render(request, "accompaniment/certificate.html", {"certificate": found})
    return as_a_pdf(pdf, found.filename)
