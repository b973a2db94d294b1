"""Find a person's file from every page, among those that the reader may open."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import search_in
from accompaniment.models import Jobseeker
from accompaniment.rules.french import counted
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.forms.file.search import PersonSearchForm
from caseload.reads.perimeter import own_people, readable_people, steered_agencies

OFFERED = 8
"""How many people are shown while somebody types."""
LISTED = 50


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def person_search(request: AuthenticatedRequest) -> HttpResponse:
    """Show the people who match, as options under the field or as a page of their own. Enter opens the only one.

    Names only: no row of a reading, as in the portfolio list. Elsewhere a telephone number opens on demand, with a row,
    so only one's own people are found by the beginning of theirs.
    """
    search = search_in(PersonSearchForm(request.GET))
    most = OFFERED if request.htmx else LISTED
    words = "" if search.refusal else search.words
    readable = Jobseeker.objects.readable_by(request.user).select_related("agency")
    if request.user.is_adviser:
        readable = readable.filter(pk__in=readable_people(request.user))
    else:
        readable = readable.filter(steered_agencies(request.user))
    found = readable.found_by(words, numbers_of=own_people(request.user), most=most + 1, few=request.user.is_adviser)
    if len(found) == 1 and not request.htmx:
        return redirect("person", pk=found[0].pk)
    said = _said(min(len(found), most), more=len(found) > most) if words else ""
    return render(
        request,
        "caseload/file/partials/_found.html" if request.htmx else "caseload/file/search.html",
        {"search": search, "found": found[:most], "said": search.refusal or said},
    )


def _said(count: int, *, more: bool) -> str:
    if more:
        return f"Plus de {count} personnes trouvées\u00a0: précisez la recherche"
    return "Aucun résultat" if count == 0 else counted(count, "une personne trouvée")
