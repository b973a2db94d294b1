"""The adviser's own hours: the week, and the hours of one day."""

from dataclasses import asdict
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, plural, weekday_in_words
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.rules.parsing import day_in
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.models import Adviser
from visio.forms.hours import BookingSettingsForm, DayHoursForm, OutsideCalendarForm
from visio.models import OutsideCalendar
from visio.reads.hours import hours_of, shown_hours, shown_settings
from visio.reads.hours_page import hours_week, outside_hours
from visio.services.calendars import remove_calendar, set_calendar
from visio.services.fetching import host_of
from visio.services.hours import follow_the_week, set_booking, set_day, set_weekday
from visio.views.agenda import monday_of, own_adviser

ONE_DAY = "jour"
FOLLOW = "reprendre"
"""What the buttons of a day send. Without either, the hours are those of the weekday."""


@role_required(Role.ADVISER)
@require_safe
def week(request: AuthenticatedRequest) -> HttpResponse:
    """Show the hours of a week, `?semaine=` or the present one, and what is booked outside them."""
    adviser = own_adviser(request.user)
    now = timezone.now()
    monday = monday_of(day_in(request.GET.get("semaine", "")) or now.astimezone(adviser.agency.zone).date())
    return render(
        request,
        "visio/hours.html",
        {
            "week": hours_week(adviser, monday=monday, now=now),
            "first": monday,
            "last": monday + timedelta(days=6),
            "previous": (monday - timedelta(days=7)).isoformat(),
            "following": (monday + timedelta(days=7)).isoformat(),
        },
    )


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def day(request: AuthenticatedRequest) -> HttpResponse:
    """Change the hours of the day `?jour=`, or of today, for this day only or for each week."""
    adviser = own_adviser(request.user)
    today = timezone.now().astimezone(adviser.agency.zone).date()
    asked = day_in(request.GET["jour"]) if "jour" in request.GET else today
    if asked is None or asked < today:
        raise Http404
    form = _form(adviser, asked, request)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                said = _save(request.user, adviser, asked, form, scope=request.POST.get("scope", ""))
            except ChangedMeanwhileError as refusal:
                form.again(refusal)
                add_refusal(form, refusal)
                status = 409
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, said)
                return redirect(f"{reverse('hours')}?semaine={asked.isoformat()}#jour-{asked.isoformat()}")
    hours = hours_of(adviser)
    context = {
        "form": form,
        "day": asked,
        "heading": weekday_in_words(asked),
        "weekdays": f"{weekday_in_words(asked).split()[0]}s",
        "has_its_own": asked in hours.dated,
    }
    return render(request, "visio/day_hours.html", context, status=status)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def booking(request: AuthenticatedRequest) -> HttpResponse:
    """Change how the adviser can be booked."""
    adviser = own_adviser(request.user)
    rules = hours_of(adviser).rules
    form = BookingSettingsForm(
        request.POST if request.method == "POST" else None,
        shown=shown_settings(adviser, rules),
        initial=asdict(rules),
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                set_booking(actor=request.user, adviser=adviser, rules=form.rules(), seen=form.cleaned_data["seen"])
            except ChangedMeanwhileError as refusal:
                form.again(refusal)
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, "Vos réglages sont enregistrés.")
                return redirect("hours")
    return render(request, "visio/booking_settings.html", {"form": form}, status=status)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def outside_calendar(request: AuthenticatedRequest) -> HttpResponse:
    """Say where the adviser's other calendar is, or forget it. Its address is never shown again."""
    adviser = own_adviser(request.user)
    if "remove" in request.POST:
        remove_calendar(actor=request.user, adviser=adviser)
        messages.success(request, "L'adresse et les heures occupées sont supprimées.")
        return redirect("outside_calendar")
    form = OutsideCalendarForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                set_calendar(actor=request.user, adviser=adviser, address=form.cleaned_data["address"])
            except DomainError as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(
                    request, "L'adresse est enregistrée. Votre agenda est lu dans les minutes qui viennent."
                )
                return redirect("outside_calendar")
    kept = OutsideCalendar.objects.filter(adviser=adviser).first()
    context = {"form": form, "kept": kept, "host": host_of(kept.address)[0] if kept else ""}
    return render(request, "visio/outside_calendar.html", context, status=status)


def _form(adviser: Adviser, asked: date, request: AuthenticatedRequest) -> DayHoursForm:
    hours = hours_of(adviser)
    return DayHoursForm(
        request.POST if request.method == "POST" else None,
        stretches=hours.on(asked),
        shown=shown_hours(adviser, asked, hours),
    )


def _save(user: User, adviser: Adviser, asked: date, form: DayHoursForm, *, scope: str) -> str:
    """Write the hours, and return what to say."""
    if scope == FOLLOW:
        follow_the_week(actor=user, adviser=adviser, day=asked, seen=form.cleaned_data["seen"])
    else:
        act = set_day if scope == ONE_DAY else set_weekday
        act(actor=user, adviser=adviser, day=asked, stretches=form.stretches(), seen=form.cleaned_data["seen"])
    outside = len(outside_hours(adviser, hours=hours_of(adviser), now=timezone.now()))
    if not outside:
        return "Vos horaires sont enregistrés."
    booked = counted(outside, "un entretien pris,entretiens pris")
    return (
        f"Vos horaires sont enregistrés. {booked} en dehors {plural(outside, 'reste prévu,restent prévus')}\u00a0: "
        "voyez la liste de cette page."
    )
