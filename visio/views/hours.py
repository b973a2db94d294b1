"""The adviser's own hours: the week, and the hours of one day."""

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
from visio.forms import ONE_DAY, WEEKDAY, DayHoursForm
from visio.reads.hours import hours_of, shown_hours
from visio.reads.hours_page import hours_week, outside_hours
from visio.services.hours import follow_the_week, set_day, set_weekday
from visio.views.agenda import monday_of, own_adviser


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
def day(request: AuthenticatedRequest, day: str) -> HttpResponse:
    """Change the hours of a day, for this day only or for each week."""
    asked = day_in(day)
    adviser = own_adviser(request.user)
    if asked is None or asked < timezone.now().astimezone(adviser.agency.zone).date():
        raise Http404
    form = _form(adviser, asked, request)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                said = _save(request.user, adviser, asked, form, follows="follow" in request.POST)
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
        "has_its_own": asked in hours.dated,
    }
    return render(request, "visio/day_hours.html", context, status=status)


def _form(adviser: Adviser, asked: date, request: AuthenticatedRequest) -> DayHoursForm:
    hours = hours_of(adviser)
    return DayHoursForm(
        request.POST if request.method == "POST" else None,
        day=asked,
        stretches=hours.on(asked),
        shown=shown_hours(adviser, asked, hours),
        initial={"scope": ONE_DAY if asked in hours.dated else WEEKDAY},
    )


def _save(user: User, adviser: Adviser, asked: date, form: DayHoursForm, *, follows: bool) -> str:
    """Write the hours, and return what to say."""
    if follows:
        follow_the_week(actor=user, adviser=adviser, day=asked, seen=form.cleaned_data["seen"])
    else:
        act = set_weekday if form.cleaned_data["scope"] == WEEKDAY else set_day
        act(actor=user, adviser=adviser, day=asked, stretches=form.stretches(), seen=form.cleaned_data["seen"])
    outside = len(outside_hours(adviser, hours=hours_of(adviser), now=timezone.now()))
    if not outside:
        return "Vos horaires sont enregistrés."
    booked = counted(outside, "un entretien pris,entretiens pris")
    return (
        f"Vos horaires sont enregistrés. {booked} en dehors {plural(outside, 'reste prévu,restent prévus')}\u00a0: "
        "voyez la liste de cette page."
    )
