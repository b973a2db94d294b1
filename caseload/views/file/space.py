"""« Mon conseiller »: the panel of a jobseeker's space about the adviser."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.models import Jobseeker
from accompaniment.rules.french import opening_hours_in_lines
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.reads.moves.waiting_list import people_waiting
from caseload.reads.moves.who_answers import away_now, follower_of
from caseload.rules.portfolio import REPLY_WITHIN


@role_required(Role.JOBSEEKER)
@require_safe
def space_adviser_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The person's adviser, who answers today, and when; a whole page without scripts."""
    person = get_object_or_404(Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region"))
    adviser = follower_of(person)
    agency = adviser.agency if adviser else person.agency
    return render(
        request,
        "caseload/file/partials/_space_adviser.html" if request.htmx else "caseload/file/space_adviser.html",
        {
            "adviser": adviser,
            "agency": agency,
            "waiting": None if adviser else people_waiting().filter(pk=person.pk).first(),
            "away": away_now(person, now=timezone.now()),
            "hours": opening_hours_in_lines(agency.opening_hours.all()),
            "reply_within": REPLY_WITHIN,
            "is_called": person.agency.opening_hours.exists(),
        },
    )
