"""The address for the log-in: asking for another one, and confirming it from the new mailbox."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.forms.accounts import ChangeAddressForm, ConfirmAddressForm
from accompaniment.forms.fields import add_refusal
from accompaniment.models import AddressChange, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import addresses
from accompaniment.services.addresses import NotProvenError
from accompaniment.views.access import AuthenticatedRequest
from accompaniment.views.once import once


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@once
def change_address(request: AuthenticatedRequest) -> HttpResponse:
    """Ask for another address. The answer is the same if the address belongs to somebody else."""
    form = ChangeAddressForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            addresses.ask_change(actor=request.user, address=form.cleaned_data["address"])
        except NotAllowedNowError as refusal:
            form.add_error("address", refusal.sentence)
        else:
            messages.success(request, "Un lien à confirmer part à la nouvelle adresse. D'ici là, rien ne change.")
            return redirect("change_address")
    context = {
        "form": form,
        "waiting": AddressChange.objects.filter(user=request.user).first(),
        "days": settings.ADDRESS_LINK_DAYS,
    }
    return render(request, "accompaniment/change_address.html", context, status=422 if form.errors else 200)


@require_POST
@once
def drop_address(request: AuthenticatedRequest) -> HttpResponse:
    """Cancel the change that the user asked for."""
    addresses.drop_change(actor=request.user)
    messages.success(request, "Le changement d'adresse est abandonné.")
    return redirect("change_address")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm a new address. Opening the page does not use up the link."""
    try:
        change = addresses.change_to_confirm(token=token)
    except NotAllowedNowError as refusal:
        return _link_is_over(request, refusal)
    form = ConfirmAddressForm(request.POST if request.method == "POST" else None, change=change)
    status = 200
    if form.is_valid():
        try:
            user = addresses.confirm(token=token, proof=form.cleaned_data.get("proof", ""))
        except NotAllowedNowError as refusal:
            return _link_is_over(request, refusal)
        except NotProvenError as refusal:
            form.add_error("proof", refusal.sentence)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return _confirmed(request, user)
    if form.errors:
        status = 422
    page = render(request, "accompaniment/confirm_address.html", {"form": form, "change": change}, status=status)
    return _keep_to_ourselves(page)


def _confirmed(request: HttpRequest, user: User) -> HttpResponse:
    """Stay logged in here, and nowhere else."""
    messages.success(request, f"Votre adresse de connexion est maintenant {user.email}.")
    if request.user.pk == user.pk:
        update_session_auth_hash(request, user)
        return redirect("change_address")
    return redirect("login")


def _link_is_over(request: HttpRequest, refusal: NotAllowedNowError) -> HttpResponse:
    page = render(request, "accompaniment/address_link_over.html", {"sentence": refusal.sentence}, status=410)
    return _keep_to_ourselves(page)


def _keep_to_ourselves(page: HttpResponse) -> HttpResponse:
    """Keep the secret in the URL out of every Referer header. The origin alone stays, for the CSRF check."""
    page["Referrer-Policy"] = "strict-origin"
    return page
