"""Panels that pages of several floors load by their address."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Channel, Role
from accompaniment.models import DeviceCheck, Jobseeker, Obligation
from accompaniment.models.plan import OnSiteRequestQuerySet
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import soon_there, zone_in_words
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.models import Placement
from caseload.reads.desk.on_site_requests import oldest_first, requests_answered_by, requests_seen_by
from caseload.reads.moves.who_answers import follower_of, relay_of
from visio.enums import RoomMoment
from visio.models import Interview, SlotInvitation, nearest_to_place, to_place
from visio.reads.availability import next_free_slot
from visio.rules import ROOM_CLOSES_AFTER, ROOM_OPENS_BEFORE
from visio.rules.states import room_moment
from visio.services.on_site_answers import record_wishes
from visio.views.agenda import line_of, lines_between, own_adviser, to_close
from visio.views.booking import own_file
from visio.views.on_site_lines import AskedLine, asked_lines

SHOWN = 8
"""Lines of a panel; a link leads to the others."""


@role_required(Role.ADVISER)
@require_safe
def today(request: AuthenticatedRequest) -> HttpResponse:
    """Show today's interviews by time, with the state of each device test, and what is still to be closed."""
    zone = own_adviser(request.user).agency.zone
    now = timezone.now()
    day = now.astimezone(zone).date()
    following = (
        Interview.objects.conducted_by(request.user)
        .coming(now)
        .filter(starts_at__gt=now)
        .with_people()
        .order_by("starts_at", "pk")
        .first()
    )
    lines = lines_between(request.user, zone, day, day + timedelta(days=1), now)
    people = [line.interview.jobseeker_id for line in lines if line.interview.channel == Channel.VIDEO]
    checks = {check.jobseeker_id: check for check in DeviceCheck.objects.filter(jobseeker__in=people).latest_each()}
    return render(
        request,
        "visio/partials/_today.html",
        {
            "lines": [(line, checks.get(line.interview.jobseeker_id)) for line in lines],
            "to_close": to_close(request.user, now),
            "following": following,
            "following_words": _soon(following, zone, day) if following else "",
            "today": day,
        },
    )


def _soon(interview: Interview, zone: ZoneInfo, today: date) -> str:
    return soon_there(interview.starts_at, zone=zone, today=today, others=interview.zones)


@role_required(Role.ADVISER)
@require_safe
def absences(request: AuthenticatedRequest) -> HttpResponse:
    """Show the noted absences that wait for a decision: explained ones first, then those whose time is over."""
    now = timezone.now()
    own_adviser(request.user)
    ripe = Interview.objects.visible_to(request.user).noted().to_decide(now)
    found = ripe.with_people().annotate(relay=relay_of(request.user, now=now))
    shown = list(found[:SHOWN])
    return render(
        request,
        "visio/partials/_absences.html",
        {"absences": shown, "count": len(shown) if len(shown) < SHOWN else ripe.count(), "now": now},
    )


@role_required(Role.ADVISER)
@require_safe
def next_free(request: AuthenticatedRequest) -> HttpResponse:
    """Say when the adviser can next be booked."""
    adviser = own_adviser(request.user)
    now, zone = timezone.now(), adviser.agency.zone
    slot = next_free_slot(adviser=adviser, now=now)
    words = soon_there(slot, zone=zone, today=now.astimezone(zone).date()) if slot else ""
    return render(request, "visio/partials/_next_free.html", {"words": words})


@role_required(Role.ADVISER)
@require_safe
def obligations(request: AuthenticatedRequest) -> HttpResponse:
    """Show the people with an obligation that has no interview, the nearest deadline first, as the list does."""
    adviser = own_adviser(request.user)
    now = timezone.now()
    day = now.astimezone(adviser.agency.zone).date()
    followed = Placement.objects.open().followed_by(adviser, day)
    found = (
        nearest_to_place(Obligation.objects.filter(jobseeker__in=followed.values("jobseeker")))
        .select_related("jobseeker")
        .annotate(
            invited=Exists(SlotInvitation.objects.filter(obligation=OuterRef("pk"))),
            relay=relay_of(request.user, now=now),
        )
    )
    shown = list(found[:SHOWN])
    return render(
        request,
        "visio/partials/_obligations.html",
        {"obligations": shown, "count": len(shown) if len(shown) < SHOWN else found.count(), "today": day},
    )


@role_required(Role.ADVISER)
@require_safe
def on_site(request: AuthenticatedRequest) -> HttpResponse:
    """Show who asks to be received on site, oldest first, with a form to answer."""
    own_adviser(request.user)
    found = requests_seen_by(request.user)
    return render(request, "visio/partials/_on_site_requests.html", {"lines": _on_site_lines(request, found)})


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person_on_site(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a person's open request to be received on site with a form to answer, for the page of that person."""
    jobseeker = get_object_or_404(Jobseeker.objects.readable_by(request.user), pk=pk)
    found = requests_answered_by(request.user).filter(jobseeker=jobseeker)
    return render(request, "visio/partials/_person_on_site.html", {"lines": _on_site_lines(request, found)})


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a person's next interview and obligations, for the page of that person; a whole page without a script."""
    jobseeker = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region"), pk=pk
    )
    # A part of the person's page: with it, it is one reading of the file; by itself, it is one too.
    audit.record_reading(actor=request.user, jobseeker=jobseeker)
    now = timezone.now()
    own = Interview.objects.filter(jobseeker=jobseeker).with_people()
    unplaced = to_place(Obligation.objects.filter(jobseeker=jobseeker)).select_related("slot_invitation")
    return render(
        request,
        "visio/partials/_person.html" if request.htmx else "visio/person_interviews.html",
        {
            "person": jobseeker,
            "check": DeviceCheck.objects.filter(jobseeker=jobseeker).first(),
            "coming": [line_of(interview, now) for interview in own.coming(now)],
            "to_conclude": [line_of(interview, now) for interview in own.to_conclude(now)],
            "to_place": list(unplaced),
            "noted": list(Interview.objects.filter(jobseeker=jobseeker).noted().with_people()),
            "may_book": request.user.is_adviser and Jobseeker.objects.visible_to(request.user).filter(pk=pk).exists(),
            "today": timezone.localdate(),
        },
    )


@role_required(Role.JOBSEEKER)
@require_safe
def next_step(request: AuthenticatedRequest) -> HttpResponse:
    """Show the jobseeker's next step: the interview that comes, or the slot to choose with its deadline."""
    file = own_file(request)
    now = timezone.now()
    own = Interview.objects.visible_to(request.user).with_people()
    coming = own.coming(now).first()
    return render(
        request,
        "visio/partials/_next_step.html",
        {
            "noted": list(Interview.objects.visible_to(request.user).noted().with_absence()),
            "zone_words": zone_in_words(reader_zone()),
            "coming": coming,
            "to_conclude": [line_of(interview, now) for interview in own.to_conclude(now)],
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
            "has_begun": interview is not None and interview.starts_at <= now,
            "is_adviser": request.user.is_adviser,
        },
    )


def _on_site_lines(request: AuthenticatedRequest, found: OnSiteRequestQuerySet) -> list[AskedLine]:
    now = timezone.now()
    requests = list(oldest_first(found, reader=request.user, now=now))
    record_wishes(actor=request.user, requests=requests)
    back = request.htmx.current_url_abs_path or ""
    return asked_lines(requests, reader=request.user, now=now, back=back)


def _is_open(interview: Interview) -> bool:
    moment = room_moment(
        state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=timezone.now()
    )
    return moment == RoomMoment.OPEN
