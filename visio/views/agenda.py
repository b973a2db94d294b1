"""The adviser's agenda, and closing an interview."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Channel, FilePart, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.plans import CHANGE
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import weekday_in_words
from accompaniment.rules.parsing import day_in
from accompaniment.services import audit
from accompaniment.services.plans import PlanChangedMeanwhileError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.models import Absence, Adviser, Cover
from caseload.reads.file.plan_page import PlanPage, plan_page
from caseload.reads.moves.who_answers import relay_of
from visio.enums import InterviewState, NextStep, Outcome, RoomMoment
from visio.forms import ReportForm
from visio.models import Interview
from visio.rules import LIVE_STATES, is_to_conclude
from visio.rules.states import room_moment
from visio.services import closing, missed
from visio.services.interviews import cancel_interview

CLOSED_WORDS = {
    Outcome.NOTED: "L'absence est notée, rien n'est décidé. La personne est prévenue et peut s'expliquer.",
    Outcome.EXCUSED: "L'entretien est clos, sans suite pour la personne.",
}
"""What the adviser reads after closing, where it is more than that it is done."""


@dataclass(frozen=True)
class AgendaLine:
    """One interview of the agenda, and what can be done with it now."""

    interview: Interview
    can_join: bool
    can_close: bool
    to_conclude: bool

    @property
    def shows_phone(self) -> bool:
        return self.interview.is_live and self.interview.channel_used == Channel.PHONE


@dataclass(frozen=True)
class AgendaDay:
    """One day of the week with its interviews in order."""

    day: date
    heading: str
    is_today: bool
    lines: list[AgendaLine]
    absence: Absence | None
    relays: list[Cover]
    """One's own absence of the day, and what one covers; no relay on a day on which one is away."""


@role_required(Role.ADVISER)
@require_safe
def agenda(request: AuthenticatedRequest) -> HttpResponse:
    """Show a week of one's own interviews; `?semaine=` is any day of it, the present week without it."""
    adviser = own_adviser(request.user)
    zone = adviser.agency.zone
    now = timezone.now()
    today = now.astimezone(zone).date()
    monday = _monday(request.GET.get("semaine", ""), today)
    lines = lines_between(request.user, zone, monday, monday + timedelta(days=7), now)
    called = [line.interview.jobseeker_id for line in lines if line.shows_phone]
    audit.record_readings(actor=request.user, people=called, part=FilePart.CONTACT_DETAILS)
    week = {"starts_on__lte": monday + timedelta(days=6), "ends_on__gte": monday}
    absences = list(Absence.objects.standing().filter(adviser=adviser, **week))
    relays = list(
        Cover.objects.filter(colleague=adviser, cancelled_at=None, **week)
        .select_related("portfolio__adviser__user")
        .order_by("starts_on", "pk")
    )
    days = [
        AgendaDay(
            day=day,
            heading=weekday_in_words(day),
            is_today=day == today,
            lines=[line for line in lines if line.interview.starts_at.astimezone(zone).date() == day],
            absence=next((one for one in absences if one.starts_on <= day <= one.ends_on), None),
            relays=[one for one in relays if one.starts_on <= day <= one.ends_on],
        )
        for day in (monday + timedelta(days=offset) for offset in range(7))
    ]
    return render(
        request,
        "visio/agenda.html",
        {
            "days": [day for day in days if day.lines or day.is_today or day.day.weekday() < 5],
            "monday": monday,
            "sunday": monday + timedelta(days=6),
            "previous": (monday - timedelta(days=7)).isoformat(),
            "following": (monday + timedelta(days=7)).isoformat(),
            "is_this_week": monday <= today < monday + timedelta(days=7),
            "to_close": to_close(request.user, now),
        },
    )


@role_required(Role.ADVISER)
@once
def report(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Close an interview; once closed, say what was decided."""
    interview = get_object_or_404(
        Interview.objects.conducted_by(request.user).with_people().select_related("report"), pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=interview.jobseeker, part=FilePart.INTERVIEW)
    if interview.state not in LIVE_STATES:
        return _closed(request, interview)
    now = timezone.now()
    plan = plan_page(interview.jobseeker, now=now)
    form = _report_form(plan, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _close(request.user, interview, form)
            except PlanChangedMeanwhileError as refusal:
                plan, typed = plan_page(interview.jobseeker, now=now), request.POST.copy()
                typed["plan_seen"] = plan.state
                form = _report_form(plan, typed)
                add_refusal(form, refusal)
                status = 409
            except DomainError as refusal:
                fresh = Interview.objects.with_people().select_related("report").get(pk=pk)
                if fresh.state not in LIVE_STATES:
                    return _closed(request, fresh)
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, CLOSED_WORDS.get(form.cleaned_data["outcome"], "L'entretien est conclu."))
                address = reverse("person_plan", args=[interview.jobseeker_id])
                if form.is_to_change:
                    return redirect(f"{address}?decision={CHANGE}")
                if form.kept_until is not None and plan.open_request is not None:
                    return redirect(address)
                return redirect("interview_report", pk=interview.pk)
    obstacle = missed.obstacle_to_noting(interview, now=now)
    context = {
        "interview": interview,
        "form": form,
        "outcome": form["outcome"].value(),
        "absence_obstacle": obstacle or "",
        "outcomes": Outcome.choices,
        "noted": Outcome.NOTED.value,
        "plan_sentence": plan.current.sentence if plan.current else "",
        "wish": plan.open_request,
    }
    return render(request, "visio/report.html", context, status=status)


def _report_form(plan: PlanPage, typed: QueryDict | None) -> ReportForm:
    initial = {"plan_review_on": plan.next_review, "plan_seen": plan.state}
    return ReportForm(typed, reviews_plan=plan.current is not None, initial=initial)


def _closed(request: AuthenticatedRequest, interview: Interview) -> HttpResponse:
    """Say how an interview has ended; a report that comes after that is given back, for it is stored nowhere."""
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
                plan_seen=facts.get("plan_seen") or None,
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
    """Return the adviser behind an account, with agency and zone; Http404 where there is none."""
    adviser: Adviser = get_object_or_404(
        Adviser.objects.select_related("user", "agency__departement__region"), user=user
    )
    return adviser


def lines_between(user: User, zone: ZoneInfo, first: date, last: date, now: datetime) -> list[AgendaLine]:
    """Return one's own interviews from day `first` until before day `last`, cancelled ones left out."""
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
        can_join=moment == RoomMoment.OPEN,
        can_close=moment in {RoomMoment.OPEN, RoomMoment.OVER},
        to_conclude=is_to_conclude(state=interview.state, ends_at=interview.ends_at, now=now),
    )


def to_close(user: User, now: datetime) -> list[Interview]:
    """Return the interviews whose end has passed and that nobody has closed, oldest first."""
    return list(Interview.objects.conducted_by(user).to_conclude(now).with_people())


def _monday(text: str, today: date) -> date:
    """Return the Monday of the week of the day in `text`, or of today where it is no day that can be shown."""
    day = day_in(text) or today
    return day - timedelta(days=day.weekday())
