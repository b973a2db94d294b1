"""A jobseeker's own file: the one way in which his or her pages fetch it."""

from django.shortcuts import get_object_or_404

from accompaniment.access import AuthenticatedRequest
from accompaniment.models import Jobseeker


def own_file(request: AuthenticatedRequest) -> Jobseeker:
    """Return the file of the person who is logged in, with agency and region; 404 when there is none."""
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region", "user")
    )
    return person
