"""A person who calls wants to leave the 100 % web: the adviser notes it for them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accompaniment.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.enums import Role
from accompaniment.french import of_name
from accompaniment.models import Enrolment, Jobseeker
from accompaniment.once import once
from accompaniment.services import audit
from accompaniment.services.enrolments import leave_track
from caseload.services.placements import follower_of


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_leaves(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Say what leaving for good entails, and note it: never refused, and with effect at once."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=person)
    if not Enrolment.objects.open().filter(jobseeker=person).exists():
        messages.info(request, f"{person} n'a pas de 100\u00a0% web à quitter.")
        return redirect("person", pk=person.pk)
    if request.method != "POST":
        return render(request, "caseload/leave.html", {"person": person})
    leave_track(actor=request.user, jobseeker=person)
    follower = follower_of(person)
    follows = f"suivie en agence par {follower}" if follower else "sur la liste d'attente de l'agence"
    messages.success(
        request, f"La sortie {of_name(person)} est enregistrée\u00a0: cette personne est maintenant {follows}."
    )
    if follower is not None and follower.user_id == request.user.pk:
        return redirect("person", pk=person.pk)
    return redirect("my_portfolio")
