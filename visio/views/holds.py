"""Keeps the slot that was chosen in the picker, while its page is open."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, Obligation
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.rules.parsing import instant_in, number_in
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from visio.models import Interview
from visio.services.errors import SlotTakenError
from visio.services.holds import TAKEN, hold_slot


@role_required(Role.JOBSEEKER, Role.ADVISER)
@require_POST
def hold(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Keep a slot for the person, and say until when. Sent again, it keeps the same slot a little longer."""
    person: Jobseeker = get_to_act(Jobseeker.objects.all(), request.user, pk=pk)
    starts_at = instant_in(request.POST.get("slot", ""))
    obligation = number_in(request.POST.get("obligation", ""))
    moving = number_in(request.POST.get("moving", ""))
    context: dict[str, object] = {"refusal": TAKEN, "until": None, "own": request.user.is_jobseeker}
    if starts_at is None:
        return render(request, "visio/partials/_slot_hold.html", context, status=422)
    try:
        until = hold_slot(
            actor=request.user,
            jobseeker=person,
            starts_at=starts_at,
            obligation=Obligation.objects.filter(jobseeker=person, pk=obligation or 0).first(),
            moving=Interview.objects.live().filter(jobseeker=person, pk=moving or 0).first(),
        )
    except SlotTakenError:
        return render(request, "visio/partials/_slot_hold.html", context, status=409)
    except DomainError as refusal:
        return render(request, "visio/partials/_slot_hold.html", context | {"refusal": refusal.sentence}, status=409)
    context |= {"refusal": "", "until": until and until.astimezone(reader_zone())}
    return render(request, "visio/partials/_slot_hold.html", context)
