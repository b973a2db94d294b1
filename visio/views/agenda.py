"""The adviser's agenda, and closing an interview."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Channel, FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.plans import CHANGE
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.french import weekday_in_words
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.rules.parsing import day_in
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.models import Absence, Adviser, Cover
from caseload.reads.desk.on_site_requests import requests_seen_by
from caseload.reads.file.plan_page import PlanPage, plan_page
from caseload.reads.moves.who_answers import relay_of
from visio.enums import InterviewState, NextStep, Outcome, RoomMoment
from visio.forms import ReportForm
from visio.models import Interview
from visio.reads.day import AdviserDays, FreeHours, adviser_days
from visio.rules import LIVE_STATES, is_to_conclude
from visio.rules.states import room_moment
from visio.services import closing, missed
from visio.services.interviews import cancel_interview

CLOSED_WORDS = {
    Outcome.NOTED: "L'absence est notée, rien n'est décidé. La personne est prévenue et peut s'expliquer.",
    Outcome.EXCUSED: "L'entretien est clos, sans suite pour la personne.",
}
"""What the adviser reads after closing an interview, if there is more to say than that it is closed."""

USUAL_HOURS = range(9, 17)
"""The hours of the agenda of an adviser who has no working hours."""


@dataclass(frozen=True)
class AgendaLine:
    """One interview of the agenda, and the acts that are possible now."""

    interview: Interview
    can_join: bool
    can_close: bool
    to_conclude: bool
    can_change: bool
    """Whether it can still be moved or cancelled."""

    @property
    def shows_phone(self) -> bool:
        return self.interview.is_live and self.interview.channel_used == Channel.PHONE


@dataclass(frozen=True)
class AgendaPart:
    """What begins at an instant: an interview or a stretch of free time."""

    starts_at: datetime
    line: AgendaLine | None = None
    free: FreeHours | None = None


@dataclass(frozen=True)
class AgendaHour:
    """An hour of a day by the agency's clock: what begins in it, and whether it is free."""

    parts: list["AgendaPart"]
    is_free: bool
    is_now: bool


@dataclass(frozen=True)
class AgendaDay:
    """One day of the week with its interviews, in order."""

    day: date
    heading: str
    is_today: bool
    lines: list[AgendaLine]
    hours: list["AgendaHour"]
    """Each hour of the grid, the same ones on every day."""
    absence: Absence | None
    relays: list[Cover]
    """The adviser's absence of the day and their covers; a cover is not shown on a day on which they are away."""


@role_required(Role.ADVISER)
@require_safe
def agenda(request: AuthenticatedRequest) -> HttpResponse:
    """Show seven days of the adviser's own interviews, from today on, or the week of the day `?semaine=`."""
    adviser = own_adviser(request.user)
    zone = adviser.agency.zone
    now = timezone.now()
    today = now.astimezone(zone).date()
    asked = day_in(request.GET.get("semaine", ""))
    monday = monday_of(asked or today)
    first = monday if asked else today
    last = first + timedelta(days=6)
    lines = lines_between(request.user, zone, first, last + timedelta(days=1), now)
    called = [line.interview.jobseeker_id for line in lines if line.shows_phone]
    audit.record_readings(actor=request.user, people=called, part=FilePart.CONTACT_DETAILS)
    relays = list(
        Cover.objects.between(first, last)
        .filter(colleague=adviser)
        .select_related("portfolio__adviser__user")
        .order_by("starts_on", "pk")
    )
    held = adviser_days(adviser, first=first, last=last)
    week = [first + timedelta(days=offset) for offset in range(7)]
    shown = _hours_shown(held, lines, days=week, zone=zone, now=now if first <= today <= last else None)
    days = []
    for day in week:
        its = [line for line in lines if line.interview.starts_at.astimezone(zone).date() == day]
        free = held.free_on(day, interviews=[line.interview for line in its], now=now)
        days.append(
            AgendaDay(
                day=day,
                heading=weekday_in_words(day),
                is_today=day == today,
                lines=its,
                hours=[_hour(day, hour, lines=its, free=free, zone=zone, now=now) for hour in shown],
                absence=held.absence_on(day),
                relays=[one for one in relays if one.starts_on <= day <= one.ends_on],
            )
        )
    return render(
        request,
        "visio/agenda.html",
        {
            "days": [day for day in days if day.lines or day.is_today or day.day.weekday() < 5],
            "hours": [time(hour) for hour in shown],
            "first": first,
            "last": last,
            "today": today,
            "previous": (monday - timedelta(days=7)).isoformat(),
            "following": (monday + timedelta(days=7)).isoformat(),
            "from_today": not asked,
            "to_close": to_close(request.user, now),
            "on_site_asked": requests_seen_by(request.user).open().count(),
        },
    )


def _hours_shown(
    held: AdviserDays, lines: list[AgendaLine], *, days: list[date], zone: ZoneInfo, now: datetime | None
) -> range:
    """Return the hours of the grid: those in which the adviser works or meets somebody, and the present one."""
    stretches = [stretch for day in days for stretch in held.hours.on(day)]
    begin = [stretch.starts_at.hour for stretch in stretches] or [USUAL_HOURS.start]
    end = [stretch.ends_at.hour + bool(stretch.ends_at.minute) for stretch in stretches] or [USUAL_HOURS.stop]
    for at in [line.interview.starts_at for line in lines] + ([now] if now else []):
        begin.append(at.astimezone(zone).hour)
        end.append(at.astimezone(zone).hour + 1)
    return range(min(begin), max(end))


def _hour(
    day: date, hour: int, *, lines: list[AgendaLine], free: list[FreeHours], zone: ZoneInfo, now: datetime
) -> AgendaHour:
    starts = datetime.combine(day, time(hour), zone)
    ends = starts + timedelta(hours=1)
    parts = [AgendaPart(starts_at=line.interview.starts_at, line=line) for line in lines]
    parts += [AgendaPart(starts_at=one.starts_at, free=one) for one in free]
    its = [part for part in parts if part.starts_at.astimezone(zone).hour == hour]
    return AgendaHour(
        parts=sorted(its, key=lambda part: part.starts_at),
        is_free=any(one.starts_at < ends and one.ends_at > starts for one in free),
        is_now=starts <= now < ends,
    )


@role_required(Role.ADVISER)
@once
def report(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Close an interview, then say what was decided."""
    interview = get_object_or_404(
        Interview.objects.conducted_by(request.user).with_people().select_related("report"), pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.INTERVIEW)
    if interview.state not in LIVE_STATES:
        return _closed(request, interview)
    now = timezone.now()
    plan = _plan_to_review(request, interview, now=now)
    form = _report_form(plan, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _close(request.user, interview, form)
            except ChangedMeanwhileError as refusal:
                plan = _plan_to_review(request, interview, now=now)
                form = _report_form(plan, form.again(refusal).data)
                add_refusal(form, refusal)
                status = 409
            except DomainError as refusal:
                fresh = Interview.objects.with_people().select_related("report").get(pk=pk)
                if fresh.state not in LIVE_STATES:
                    return _closed(request, fresh)
                if isinstance(refusal, NoRightError):
                    plan = _plan_to_review(request, interview, now=now)
                    form = _report_form(plan, request.POST)
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, CLOSED_WORDS.get(form.cleaned_data["outcome"], "L'entretien est conclu."))
                address = reverse("person_plan", args=[interview.jobseeker_id])
                if form.is_to_change:
                    return redirect(f"{address}?decision={CHANGE}")
                if form.kept_until is not None and plan is not None and plan.open_request is not None:
                    return redirect(address)
                return redirect("interview_report", pk=interview.pk)
    obstacle = missed.obstacle_to_noting(interview, now=now)
    moment = room_moment(state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=now)
    context = {
        "interview": interview,
        "can_resume": interview.call_ended_at is not None and moment == RoomMoment.OPEN,
        "form": form,
        "outcome": form["outcome"].value(),
        "absence_obstacle": obstacle or "",
        "outcomes": Outcome.choices,
        "noted": Outcome.NOTED.value,
        "plan_sentence": plan.current.sentence if plan and plan.current else "",
        "wish": plan.open_request if plan else None,
    }
    return render(request, "visio/report.html", context, status=status)


def _plan_to_review(request: AuthenticatedRequest, interview: Interview, *, now: datetime) -> PlanPage | None:
    """Return the person's plan, which is reviewed at each interview, or None if the adviser no longer follows them."""
    follows = Jobseeker.objects.visible_to(request.user).filter(pk=interview.jobseeker_id).exists()
    return plan_page(interview.jobseeker, now=now) if follows else None


def _report_form(plan: PlanPage | None, typed: Mapping[str, Any] | None) -> ReportForm:
    if plan is None:
        return ReportForm(typed, reviews_plan=False)
    initial = {"plan_review_on": plan.next_review}
    return ReportForm(typed, reviews_plan=plan.current is not None, initial=initial, shown=plan.shown)


def _closed(request: AuthenticatedRequest, interview: Interview) -> HttpResponse:
    """Show how an interview has ended.

    A report that arrives later is returned to its author, because it is not stored.
    """
    texts = []
    if request.method == "POST":
        form = ReportForm(request.POST, reviews_plan=False)
        typed = [(str(form[name].label), str(form[name].value() or "").strip()) for name in ("conclusions", "note")]
        texts = [(label, text) for label, text in typed if text]
    return render(
        request,
        "visio/closed.html",
        {
            "interview": interview,
            "is_adviser": True,
            "came_too_late": request.method == "POST",
            "may_report": False,
            "unsaved": texts,
        },
        status=409 if request.method == "POST" else 200,
    )


def _close(actor: User, interview: Interview, form: ReportForm) -> None:
    facts = form.cleaned_data
    match Outcome(facts["outcome"]):
        case Outcome.HELD:
            closing.close_interview(
                actor=actor,
                interview=interview,
                conclusions=facts["conclusions"],
                next_step=NextStep(facts["next_step"]),
                plan_kept_until=form.kept_until,
                plan_to_change=form.is_to_change,
                plan_seen=facts.get("seen"),
            )
        case Outcome.INTERRUPTED:
            closing.interrupt_interview(actor=actor, interview=interview, note=facts["note"])
        case Outcome.CANCELLED:
            cancel_interview(actor=actor, interview=interview)
        case Outcome.EXCUSED:
            missed.let_pass(actor=actor, interview=interview)
        case Outcome.NOTED:
            missed.note_absence(actor=actor, interview=interview)


def own_adviser(user: User) -> Adviser:
    """Return the adviser of an account, with agency and zone; Http404 if there is none."""
    adviser: Adviser = get_object_or_404(
        Adviser.objects.select_related("user", "agency__departement__region"), user=user
    )
    return adviser


def lines_between(user: User, zone: ZoneInfo, first: date, last: date, now: datetime) -> list[AgendaLine]:
    """Return the adviser's own interviews from day `first` until before day `last`, without cancelled ones."""
    interviews = (
        Interview.objects.conducted_by(user)
        .exclude(state=InterviewState.CANCELLED)
        .between(datetime.combine(first, time.min, zone), datetime.combine(last, time.min, zone))
        .with_people()
        .annotate(relay=relay_of(user, now=now))
    )
    return [line_of(interview, now) for interview in interviews]


def line_of(interview: Interview, now: datetime) -> AgendaLine:
    moment = room_moment(state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=now)
    return AgendaLine(
        interview=interview,
        can_join=moment == RoomMoment.OPEN and interview.call_ended_at is None,
        can_close=moment in {RoomMoment.OPEN, RoomMoment.OVER},
        can_change=interview.state == InterviewState.BOOKED and now < interview.starts_at,
        to_conclude=is_to_conclude(
            state=interview.state, ends_at=interview.ends_at, call_ended_at=interview.call_ended_at, now=now
        ),
    )


def to_close(user: User, now: datetime) -> list[Interview]:
    """Return the interviews that are over and that nobody has closed, oldest first."""
    return list(Interview.objects.conducted_by(user).to_conclude(now).with_people())


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())
