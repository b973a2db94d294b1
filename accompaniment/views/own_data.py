"""« Mes données »: what is held, what was accepted, and who opened or changed the file."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.models import AuditEntry, Consent
from accompaniment.paging import page_of
from accompaniment.presentation import audit_in_words
from accompaniment.views.own_file import own_file

ENTRIES_PER_PAGE = 25


@role_required(Role.JOBSEEKER)
@require_safe
def own_data(request: AuthenticatedRequest) -> HttpResponse:
    person = own_file(request)
    page = page_of(
        request,
        AuditEntry.objects.filter(jobseeker=person).select_related("actor"),
        per_page=ENTRIES_PER_PAGE,
    )
    return render(
        request,
        "accompaniment/own_data.html",
        {
            "person": person,
            "consents": Consent.objects.filter(jobseeker=person).select_related("text").order_by("-accepted_at"),
            "page": page,
            "entries": [(entry, audit_in_words(entry.action, entry.details)) for entry in page],
        },
    )
