"""How the person is reached: their own telephone number and preferred channel."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Channel, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.forms.phone import PhoneForm, PreferredChannelForm
from accompaniment.rules.errors import DomainError
from accompaniment.rules.presentation import CHANNELS, telephone_in_words
from accompaniment.services.contact_details import change_phone, change_preferred_channel
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def my_phone(request: AuthenticatedRequest) -> HttpResponse:
    """Show the number at which the person is called, and correct it."""
    person = own_file(request)
    posted = request.method == "POST"
    form = PhoneForm(
        request.POST if posted else None,
        person=person,
        initial={"retour": request.GET.get("retour", "")},
    )
    if posted and form.is_valid():
        try:
            changed = change_phone(actor=request.user, jobseeker=person, phone=form.cleaned_data["phone"])
        except DomainError as refusal:
            form.add_error("phone", refusal.sentence)
        else:
            messages.success(request, f"Votre conseiller vous appellera au {telephone_in_words(changed.phone)}.")
            return redirect(form.cleaned_data["retour"] or "my_interviews")
    return render(
        request, "accompaniment/my_phone.html", {"form": form, "person": person}, status=422 if posted else 200
    )


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def my_channel(request: AuthenticatedRequest) -> HttpResponse:
    """Show the channel that the person prefers, and change it."""
    person = own_file(request)
    posted = request.method == "POST"
    form = PreferredChannelForm(request.POST if posted else None, initial={"channel": person.preferred_channel})
    if posted and form.is_valid():
        channel = form.cleaned_data["channel"]
        try:
            change_preferred_channel(actor=request.user, jobseeker=person, channel=channel)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            said = f"Vous préférez échanger {CHANNELS[Channel(channel)]}." if channel else "Vous êtes sans préférence."
            messages.success(request, f"C'est noté. {said}")
            return redirect("own_data")
    return render(request, "accompaniment/my_channel.html", {"form": form}, status=422 if posted else 200)
