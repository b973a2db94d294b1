"""« Mes notifications »: what reaches one outside the pages, by which channels, and when not."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import NoticeChannel
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.notices import DeviceForm, NoticesForm
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.services.account_rows import file_of
from accompaniment.services.dead_addresses import is_dead
from accompaniment.services.devices import add_device, drop_device, is_push_open, public_key
from accompaniment.services.notice_choices import choose_notices, notice_settings_of
from accompaniment.views.access import AuthenticatedRequest
from accompaniment.views.once import once


@require_http_methods(["GET", "HEAD", "POST"])
@once
def my_notices(request: AuthenticatedRequest) -> HttpResponse:
    """Show what one is told outside the pages, and change it."""
    user = request.user
    posted = request.method == "POST"
    form = NoticesForm(request.POST if posted else None, chosen=notice_settings_of(user), offered=_offered(user))
    if posted and form.is_valid():
        try:
            choose_notices(actor=user, **form.choice)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, "Votre choix est enregistré. Ce qui part en ce moment peut encore arriver.")
            return redirect("my_notices")
    person = file_of(user)
    address = (person.email if person else user.email) or ""
    context = {
        "form": form,
        "person": person,
        "address": address,
        "push_key": public_key() if is_push_open() else "",
        "address_is_dead": bool(address) and is_dead(channel=NoticeChannel.EMAIL, address=address),
    }
    return render(request, "accompaniment/my_notices.html", context, status=422 if posted else 200)


@require_POST
def my_device(request: AuthenticatedRequest) -> HttpResponse:
    """Tell the reader of news in this browser, or no longer. Sending it again changes nothing."""
    form = DeviceForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    given = form.cleaned_data
    if given["ends"]:
        drop_device(actor=request.user, endpoint=given["endpoint"])
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    try:
        add_device(
            actor=request.user,
            session_key=request.session.session_key or "",
            endpoint=given["endpoint"],
            key=given["key"],
            secret=given["secret"],
        )
    except DomainError:
        return HttpResponseBadRequest()
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _offered(user: User) -> tuple[NoticeChannel, ...]:
    """Return the channels among which an account chooses. The staff have no number here."""
    by_sms = [NoticeChannel.SMS] if user.is_jobseeker and settings.SMS_GATEWAY else []
    return (NoticeChannel.EMAIL, *by_sms, *([NoticeChannel.PUSH] if is_push_open() else []))
