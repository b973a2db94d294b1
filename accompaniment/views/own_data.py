"""« Mes données »: the stored data, the acceptances, and who opened or changed the file."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accompaniment.enums import Role, ShownEntries
from accompaniment.models import AuditEntry, Consent, Enrolment, Jobseeker
from accompaniment.rules.audit_words import FIELDS, audit_in_words, capacity_in_words
from accompaniment.services.contact_details import DETAILS
from accompaniment.views.access import AuthenticatedRequest, page_of, role_required
from accompaniment.views.own import own_file

ENTRIES_PER_PAGE = 25


@role_required(Role.JOBSEEKER)
@require_safe
def own_data(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    asked = request.GET.get("voir", "")
    shown = ShownEntries(asked) if asked in ShownEntries.values else ShownEntries.DONE
    page = page_of(
        request,
        AuditEntry.objects.filter(jobseeker=person).shown_as(shown).select_related("actor"),
        per_page=ENTRIES_PER_PAGE,
    )
    return render(
        request,
        "accompaniment/own_data.html",
        {
            "person": person,
            "registration": Enrolment.objects.decided_at_interview(person).first(),
            "consents": _with_what_followed(person),
            "corrected_by_adviser": [FIELDS[name] for name in DETAILS],
            "from_registration": [said for name, said in FIELDS.items() if name not in DETAILS],
            "page": page,
            # Whoever turns its pages or chooses what it shows reads the journal.
            "journal_is_asked": "voir" in request.GET or "page" in request.GET,
            "shown": shown,
            "choices": ShownEntries,
            "nothing": "Personne d'autre que votre conseiller n'a ouvert votre dossier."
            if shown == ShownEntries.READINGS
            else "Aucune ligne pour le moment.",
            "entries": [
                (entry, audit_in_words(entry.action, entry.details), capacity_in_words(entry.details)) for entry in page
            ],
        },
    )


def _with_what_followed(person: Jobseeker) -> list[tuple[Consent, int | None]]:
    """Return the acceptances, newest first, each with the version that replaced it."""
    consents = list(Consent.objects.filter(jobseeker=person).select_related("text").order_by("-accepted_at", "-pk"))
    versions = {consent.accepted_at: consent.text.version for consent in consents}
    return [(consent, versions.get(consent.withdrawn_at) if consent.withdrawn_at else None) for consent in consents]
