"""Panels that pages of several floors load by their address."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.models import Jobseeker, Obligation, OnSiteRequest
from caseload.services.placements import follower_of
from visio.enums import RoomMoment
from visio.forms import OnSiteAnswerForm
from visio.models import Interview, SlotInvitation
from visio.querysets import to_place
from visio.rules import ROOM_CLOSES_AFTER, ROOM_OPENS_BEFORE
from visio.rules.states import room_moment
from visio.rules.wording import say_zone
from visio.views.agenda import lines_between, own_adviser, to_close
from visio.views.booking import own_file


@role_required(Role.ADVISER)
@require_safe
def today(request: AuthenticatedRequest) -> HttpResponse:
    """Show today's interviews by time, and what is still to be closed."""
    zone = own_adviser(request.user).agency.zone
    now = timezone.now()
    day = now.astimezone(zone).date()
    following = (
        Interview.objects.conducted_by(request.user)
        .live()
        .filter(starts_at__gt=now)
        .with_people()
        .order_by("starts_at", "pk")
        .first()
    )
    return render(
        request,
        "visio/partials/_today.html",
        {
            "zone": zone,
            "lines": lines_between(request.user, zone, day, day + timedelta(days=1), now),
            "to_close": [interview for interview in to_close(request.user, now) if interview.starts_at < now],
            "following": following,
            "today": day,
        },
    )


@role_required(Role.ADVISER)
@require_safe
def obligations(request: AuthenticatedRequest) -> HttpResponse:
    """Show the obligations without an interview, the nearest deadline first."""
    day = timezone.now().astimezone(own_adviser(request.user).agency.zone).date()
    found = (
        to_place(Obligation.objects.visible_to(request.user))
        .select_related("jobseeker")
        .annotate(invited=Exists(SlotInvitation.objects.filter(obligation=OuterRef("pk"))))
    )
    return render(
        request,
        "visio/partials/_obligations.html",
        {"obligations": list(found[:8]), "count": found.count(), "today": day},
    )


@role_required(Role.ADVISER)
@require_safe
def on_site(request: AuthenticatedRequest) -> HttpResponse:
    """Show who asks to be received on site, oldest first, with a form to answer."""
    zone = own_adviser(request.user).agency.zone
    asked = OnSiteRequest.objects.visible_to(request.user).open().select_related("jobseeker").order_by("asked_at", "pk")
    requests = list(asked)
    return render(
        request,
        "visio/partials/_on_site_requests.html",
        {"forms": [(one, OnSiteAnswerForm(auto_id=f"demande-{one.pk}-%s")) for one in requests], "zone": zone},
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a person's next interview and obligations, for the page of that person."""
    jobseeker = get_object_or_404(
        Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region"), pk=pk
    )
    return render(
        request,
        "visio/partials/_person.html",
        {
            "zone": jobseeker.agency.zone,
            "coming": list(Interview.objects.live().filter(jobseeker=jobseeker).with_people().order_by("starts_at")),
            "to_place": list(to_place(Obligation.objects.filter(jobseeker=jobseeker))),
            "today": timezone.now().astimezone(jobseeker.agency.zone).date(),
        },
    )


@role_required(Role.JOBSEEKER)
@require_safe
def next_step(request: AuthenticatedRequest) -> HttpResponse:
    """Show the jobseeker's next step: the interview that comes, or the slot to choose with its deadline."""
    file = own_file(request)
    now = timezone.now()
    coming = (
        Interview.objects.visible_to(request.user)
        .live()
        .filter(ends_at__gt=now - ROOM_CLOSES_AFTER)
        .with_people()
        .order_by("starts_at", "pk")
        .first()
    )
    return render(
        request,
        "visio/partials/_next_step.html",
        {
            "zone": file.agency.zone,
            "zone_words": say_zone(file.agency.zone),
            "coming": coming,
            "can_join": coming is not None and _is_open(coming),
            "to_choose": to_place(Obligation.objects.visible_to(request.user)).first(),
            "followed": follower_of(file) is not None,
        },
    )


@require_safe
def band(request: AuthenticatedRequest) -> HttpResponse:
    """Say across every page that an interview begins or runs; empty when none does."""
    now = timezone.now()
    interview = (
        Interview.objects.of_the_two(request.user)
        .live()
        .filter(starts_at__lte=now + ROOM_OPENS_BEFORE, ends_at__gt=now - ROOM_CLOSES_AFTER)
        .with_people()
        .order_by("starts_at", "pk")
        .last()
    )
    return render(
        request,
        "visio/partials/_band.html",
        {
            "interview": interview,
            "zone": interview.adviser.agency.zone if interview else None,
            "has_begun": interview is not None and interview.starts_at <= now,
            "is_adviser": request.user.is_adviser,
        },
    )


def _is_open(interview: Interview) -> bool:
    moment = room_moment(
        state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=timezone.now()
    )
    return moment == RoomMoment.OPEN
