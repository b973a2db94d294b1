"""Interviews for a calendar of one's own: one as a file, or all by a subscription."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import CalendarMethod, Role
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.calendars import calendar_file
from accompaniment.services import throttle
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.reads.zones import zone_of
from visio.forms import CalendarFeedForm
from visio.models import CalendarFeed, Interview
from visio.reads.calendar_entries import DISCREET, as_appointment, feed_of
from visio.services.feeds import digest_of, end_feed, make_feed

CALENDAR_TYPE = "text/calendar; charset=utf-8"


@role_required(Role.JOBSEEKER, Role.ADVISER)
@never_cache
@require_safe
def interview_file(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Give one of one's own interviews that holds a slot as a file for a calendar."""
    interview = get_object_or_404(Interview.objects.of_the_two(request.user).live().with_people(), pk=pk)
    content = calendar_file(
        [as_appointment(interview, request.user)],
        method=CalendarMethod.PUBLISH,
        zone=reader_zone(),
        now=timezone.now(),
    )
    headers = {"Content-Disposition": 'attachment; filename="entretien.ics"'}
    return HttpResponse(content, content_type=CALENDAR_TYPE, headers=headers)


@role_required(Role.JOBSEEKER, Role.ADVISER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def calendar_feed(request: AuthenticatedRequest) -> HttpResponse:
    """Explain the subscription, and make its address, which this answer alone shows."""
    form = CalendarFeedForm(request.POST if request.method == "POST" else None)
    address = ""
    if form.is_valid():
        token = make_feed(actor=request.user, tells_subject=form.cleaned_data["tells_subject"])
        address = f"{settings.PUBLIC_URL}{reverse('calendar_feed_file', args=[token])}"
    feed = CalendarFeed.objects.filter(user=request.user).first()
    return render(request, "visio/calendar_feed.html", {"form": form, "feed": feed, "address": address})


@role_required(Role.JOBSEEKER, Role.ADVISER)
@require_POST
@once
def end_calendar_feed(request: AuthenticatedRequest) -> HttpResponse:
    """End the subscription: its address answers nothing from now on."""
    if end_feed(actor=request.user):
        messages.success(request, "L'abonnement est arrêté. Son adresse ne répond plus.")
    return redirect("calendar_feed")


@login_not_required
@never_cache
@require_safe
def calendar_feed_file(request: HttpRequest, token: str) -> HttpResponse:
    """Give the interviews of the account whose feed has this secret. An unknown and an ended address answer alike."""
    feed = CalendarFeed.objects.filter(digest=digest_of(token), user__is_active=True).select_related("user").first()
    counted = ("calendar_feed.address", feed.digest) if feed else ("calendar_feed.place", throttle.place_of(request))
    if not throttle.allows(counted):
        wait = int(throttle.wait_of(counted[0]).total_seconds())
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})
    if feed is None:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    now = timezone.now()
    content = calendar_file(
        feed_of(feed.user, tells_subject=feed.tells_subject, now=now),
        method=CalendarMethod.PUBLISH,
        zone=zone_of(feed.user),
        now=now,
        name=DISCREET,
    )
    return HttpResponse(content, content_type=CALENDAR_TYPE)
