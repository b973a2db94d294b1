"""Panels that pages of several floors load by URL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Channel, Role
from accompaniment.models import DeviceCheck, Jobseeker, Obligation, OnSiteRequest, User
from accompaniment.models.plan import OnSiteRequestQuerySet
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import opening_hours_in_lines, soon_there, zone_in_words
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.own import own_standing
from caseload.enums import QueueTab
from caseload.models import Placement
from caseload.reads.desk.on_site_requests import oldest_first, requests_answered_by, requests_seen_by
from caseload.reads.desk.queue import first_rows
from caseload.reads.moves.who_answers import relay_of
from caseload.rules.queue import ROWS_AMONG_OTHERS, rows_of
from caseload.views.desk.day import own_desk
from caseload.views.file.space import own_following
from messaging.reads.threads import news_of
from visio.enums import InterviewState, RoomRole
from visio.models import Interview, RescueAnswer, SlotInvitation, nearest_to_place, to_place
from visio.reads.availability import next_free_slot
from visio.reads.day import FreeHours, adviser_days
from visio.reads.space import space_of
from visio.rules import ROOM_CLOSES_AFTER, ROOM_OPENS_BEFORE
from visio.services.on_site_answers import record_wishes
from visio.services.rescue import side_of
from visio.views.agenda import AgendaLine, line_of, lines_between, own_adviser, to_close
from visio.views.on_site_lines import AskedLine, asked_lines


@role_required(Role.ADVISER)
@require_safe
def today(request: AuthenticatedRequest) -> HttpResponse:
    """Show the day as a line of hours: what was held, the next interview with its device test, and what is free."""
    desk = own_desk.known(request)
    adviser = desk.adviser if desk else own_adviser(request.user)
    zone = adviser.agency.zone
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
    days = adviser_days(adviser, first=day, last=day)
    next_line = next((line for line in lines if line.interview.is_to_be_held(now)), None)
    left = [line for line in lines if line is not next_line and line.interview.state != InterviewState.HELD]
    free = days.free_on(day, interviews=[line.interview for line in lines], now=now)
    parts = _in_order(left, free, checks)
    return render(
        request,
        "visio/partials/_today.html",
        {
            "has_interviews": bool(lines),
            "held": [line for line in lines if line.interview.state == InterviewState.HELD],
            "next": next_line,
            "check": checks.get(next_line.interview.jobseeker_id) if next_line else None,
            "before": [part for part in parts if next_line and part.starts_at < next_line.interview.starts_at],
            "after": [part for part in parts if not next_line or part.starts_at >= next_line.interview.starts_at],
            "absence": days.absence_on(day),
            "to_close": to_close(request.user, now),
            "following": following,
            "following_words": _soon(following, zone, day) if following else "",
            "today": day,
        },
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the day: an interview, or free hours."""

    starts_at: datetime
    line: AgendaLine | None = None
    check: DeviceCheck | None = None
    free: FreeHours | None = None


def _in_order(
    lines: Iterable[AgendaLine], free: Iterable[FreeHours], checks: Mapping[int, DeviceCheck]
) -> list[Stretch]:
    parts = [
        Stretch(starts_at=line.interview.starts_at, line=line, check=checks.get(line.interview.jobseeker_id))
        for line in lines
    ]
    parts += [Stretch(starts_at=hours.starts_at, free=hours) for hours in free]
    return sorted(parts, key=lambda part: part.starts_at)


def _soon(interview: Interview, zone: ZoneInfo, today: date) -> str:
    return soon_there(interview.starts_at, zone=zone, today=today, others=interview.zones)


@role_required(Role.ADVISER)
@require_safe
def absences(request: AuthenticatedRequest) -> HttpResponse:
    """Show noted absences that wait for a decision: explained ones first, then those past the time to explain."""
    now = timezone.now()
    own_adviser(request.user)
    ripe = Interview.objects.visible_to(request.user).noted().to_decide(now)
    found = ripe.with_people().annotate(relay=relay_of(request.user, now=now))
    shown, count = first_rows(found, limit=ROWS_AMONG_OTHERS)
    return render(
        request,
        "visio/partials/_absences.html",
        {"absences": shown, "count": count, "others": count - len(shown), "now": now},
    )


@role_required(Role.ADVISER)
@require_safe
def next_free(request: AuthenticatedRequest) -> HttpResponse:
    """Show when the adviser can next be booked."""
    adviser = own_adviser(request.user)
    now, zone = timezone.now(), adviser.agency.zone
    slot = next_free_slot(adviser=adviser, now=now)
    words = soon_there(slot, zone=zone, today=now.astimezone(zone).date()) if slot else ""
    return render(request, "visio/partials/_next_free.html", {"words": words})


@role_required(Role.ADVISER)
@require_safe
def obligations(request: AuthenticatedRequest) -> HttpResponse:
    """Show the people with an obligation without an interview, nearest deadline first, as in the list."""
    adviser = own_adviser(request.user)
    now = timezone.now()
    day = now.astimezone(adviser.agency.zone).date()
    followed = Placement.objects.open().followed_by(request.user, now)
    # Whoever has an interview of another kind before the deadline is perhaps not to be asked for a second one.
    meets = Interview.objects.coming(now).filter(jobseeker=OuterRef("jobseeker"))
    found = (
        nearest_to_place(Obligation.objects.filter(jobseeker__in=followed.values("jobseeker")))
        .select_related("jobseeker")
        .annotate(
            invited=Exists(SlotInvitation.objects.filter(obligation=OuterRef("pk"))),
            meets_at=Subquery(meets.values("starts_at")[:1]),
            relay=relay_of(request.user, now=now),
        )
    )
    limit = rows_of(QueueTab.OBLIGATIONS, asked=request.GET.get("besoin", ""))
    shown, count = first_rows(found, limit=limit)
    return render(
        request,
        "visio/partials/_obligations.html",
        {"obligations": shown, "count": count, "others": count - len(shown), "today": day},
    )


@role_required(Role.ADVISER)
@require_safe
def on_site(request: AuthenticatedRequest) -> HttpResponse:
    """Show open requests for a meeting on site, oldest first, with a form to answer."""
    own_adviser(request.user)
    limit = rows_of(QueueTab.ON_SITE, asked=request.GET.get("besoin", ""))
    shown, count = first_rows(_oldest_first(request, requests_seen_by(request.user)), limit=limit)
    lines = _on_site_lines(request, shown)
    return render(
        request,
        "visio/partials/_on_site_requests.html",
        {"lines": lines, "count": count, "others": count - len(lines)},
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person_on_site(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a person's open request for a meeting on site with a form to answer, on the person's page."""
    jobseeker = get_object_or_404(Jobseeker.objects.readable_by(request.user), pk=pk)
    found = requests_answered_by(request.user).filter(jobseeker=jobseeker)
    return render(
        request,
        "visio/partials/_person_on_site.html",
        {"lines": _on_site_lines(request, list(_oldest_first(request, found)))},
    )


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show a person's next interview and obligations on their page, or as a whole page without scripts."""
    jobseeker = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region"), pk=pk
    )
    # As a part of the person's page it belongs to the same reading; opened by itself it is a reading too.
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
    """Show the jobseeker's next step, the news of their messages, and what they can do; a page without scripts."""
    now = timezone.now()
    standing = own_standing(request)
    agency = standing.person.agency
    space = space_of(standing, own_following(request), now=now)
    return render(
        request,
        "visio/partials/_space.html" if request.htmx else "visio/next_step.html",
        {
            "space": space,
            "news": news_of(standing.person, request.user),
            "writes": space.adviser is not None,
            "agency": agency,
            "hours": opening_hours_in_lines(agency.opening_hours.all()),
            "zone_words": zone_in_words(reader_zone()),
            "now": now,
        },
    )


@require_safe
def band(request: AuthenticatedRequest) -> HttpResponse:
    """Show on every page that an interview begins or is under way; empty if none is."""
    now = timezone.now()
    near = list(
        Interview.objects.of_the_two(request.user)
        .live()
        .filter(starts_at__lte=now + ROOM_OPENS_BEFORE, ends_at__gt=now - ROOM_CLOSES_AFTER)
        .with_people()
        .order_by("starts_at", "pk")
    )
    # The next room opens while an interview lasts: the band names the first one that is still to be held. After the
    # end of a call its adviser has to conclude, and the person has nothing to do.
    left = [one for one in near if one.call_ended_at is None or request.user.is_adviser]
    interview = next((one for one in near if one.is_to_be_held(now)), left[-1] if left else None)
    return render(
        request,
        "visio/partials/_band.html",
        {
            "interview": interview,
            "has_begun": interview is not None and interview.starts_at <= now,
            "is_adviser": request.user.is_adviser,
            "said": _said_by_the_other(interview, request.user) if interview else None,
        },
    )


def _said_by_the_other(interview: Interview, user: User) -> RescueAnswer | None:
    """Return the last answer of the other side to being missed, as long as it is not there."""
    own = side_of(interview, user)
    is_there = interview.in_room_since if own == RoomRole.ADVISER else interview.adviser_in_room_since
    if is_there is not None or interview.admitted_at is not None:
        return None
    return RescueAnswer.objects.filter(interview=interview).exclude(side=own).last()


def _oldest_first(request: AuthenticatedRequest, found: OnSiteRequestQuerySet) -> OnSiteRequestQuerySet:
    return oldest_first(found, reader=request.user, now=timezone.now())


def _on_site_lines(request: AuthenticatedRequest, requests: list[OnSiteRequest]) -> list[AskedLine]:
    record_wishes(actor=request.user, requests=requests)
    back = request.htmx.current_url_abs_path or ""
    return asked_lines(requests, reader=request.user, now=timezone.now(), back=back)
