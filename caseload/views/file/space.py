"""« Mon conseiller »: the panel of a jobseeker's space about the adviser."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.rules.french import opening_hours_in_lines
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.own import own_file, read_once
from caseload.reads.moves.waiting_list import people_waiting
from caseload.reads.moves.who_answers import Following, following_of
from caseload.rules.portfolio import REPLY_WITHIN


@read_once
def own_following(request: AuthenticatedRequest) -> Following:
    """Return who follows the logged-in person."""
    return following_of(own_file(request))


@role_required(Role.JOBSEEKER)
@require_safe
def space_adviser_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The person's adviser, who answers today, and when; a whole page without scripts."""
    person = own_file(request)
    following = own_following(request)
    adviser = following.adviser
    agency = adviser.agency if adviser else person.agency
    return render(
        request,
        "caseload/file/partials/_space_adviser.html" if request.htmx else "caseload/file/space_adviser.html",
        {
            "adviser": adviser,
            "agency": agency,
            "waiting": None if adviser else people_waiting().filter(pk=person.pk).first(),
            "away": following.away(timezone.now()),
            "hours": opening_hours_in_lines(agency.opening_hours.all()),
            "reply_within": REPLY_WITHIN,
            "is_called": person.agency.opening_hours.exists(),
        },
    )
