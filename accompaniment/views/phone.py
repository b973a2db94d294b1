"""The person's own telephone number."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.forms.phone import PhoneForm
from accompaniment.rules.errors import DomainError
from accompaniment.rules.presentation import telephone_in_words
from accompaniment.services.contact_details import change_phone
from accompaniment.views.access import AuthenticatedRequest, own_file, role_required
from accompaniment.views.once import once


@role_required(Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def my_phone(request: AuthenticatedRequest) -> HttpResponse:
    """Show the number at which one is called, and correct it."""
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
