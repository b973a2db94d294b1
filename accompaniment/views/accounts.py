"""Log-in, log-out, passwords, activation."""

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off, get_failure_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accompaniment.access import AuthenticatedRequest
from accompaniment.errors import NotAllowedNowError
from accompaniment.forms.accounts import (
    ChangePasswordForm,
    ChoosePasswordForm,
    FirstAccessForm,
    LogInForm,
    PasswordForgottenForm,
)
from accompaniment.models import User
from accompaniment.services import accounts, sessions
from accompaniment.services.first_access import request_first_access

FIRST_ACCESS = "premiere-connexion"
"""What the throttle counts such requests under, apart from the log-ins of the same address."""

BACKEND = "django.contrib.auth.backends.ModelBackend"


class LogInView(LoginView):
    """The door. Django's own view: it guards `next`, renews the session and asks the throttle."""

    template_name = "accompaniment/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True


def login_locked(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """Say what the throttle has closed, what was not done, and when to try again (called by django-axes)."""
    minutes = round(get_cool_off(request).total_seconds() / 60)
    context = {
        "attempts": get_failure_limit(request, credentials),
        "minutes": minutes,
        "first_access": str((credentials or {}).get("username", "")).startswith(f"{FIRST_ACCESS}:"),
    }
    return render(request, "accompaniment/login_locked.html", context, status=429)


@login_not_required
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session, whether or not there still is one."""
    before = request.user.pk
    logout(request)
    _tell_open_screens(before)
    messages.success(request, "Vous êtes déconnecté.")
    response = redirect("login")
    # Drafts that scripts keep in the browser leave with the person.
    response["Clear-Site-Data"] = '"storage"'
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link; the answer is the same whether or not the address has an account."""
    form = PasswordForgottenForm(request.POST or None)
    if form.is_valid():
        accounts.request_password_reset(email=form.cleaned_data["email"])
        return redirect("password_forgotten_sent")
    return render(request, "accompaniment/password_forgotten.html", {"form": form})


@login_not_required
@require_GET
def password_forgotten_sent(request: HttpRequest) -> HttpResponse:
    """Say what happens next."""
    return render(request, "accompaniment/password_forgotten_sent.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def first_access(request: HttpRequest) -> HttpResponse:
    """Open one's space before anybody has decided anything; the answer is the same whether or not there is a match.

    Every request counts with the throttle of the log-in, the successful ones too: stopping must tell nothing either.
    """
    form = FirstAccessForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accompaniment/first_access.html", {"form": form}, status=422 if form.is_bound else 200)
    attempt = {"username": f"{FIRST_ACCESS}:{form.cleaned_data['identifier']}"}
    if not AxesProxyHandler.is_allowed(request, attempt):
        return login_locked(request, credentials=attempt)
    AxesProxyHandler.user_login_failed(sender=FIRST_ACCESS, credentials=attempt, request=request)
    request_first_access(identifier=form.cleaned_data["identifier"], email=form.cleaned_data["email"])
    return redirect("first_access_sent")


@login_not_required
@require_GET
def first_access_sent(request: HttpRequest) -> HttpResponse:
    """Say what happens next."""
    return render(request, "accompaniment/first_access_sent.html", {"days": settings.ACTIVATION_LINK_DAYS})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Set a new password by a link; looking at the page uses nothing up."""
    try:
        user = accounts.password_reset_account(uidb64=uidb64, token=token)
        form = ChoosePasswordForm(request.POST or None, user=user)
        if form.is_valid():
            user = accounts.reset_password(uidb64=uidb64, token=token, password=form.cleaned_data["password"])
            return _enter(request, user, "Votre nouveau mot de passe est enregistré.")
    except NotAllowedNowError as refusal:
        return _link_is_over(request, refusal)
    return _keep_to_ourselves(render(request, "accompaniment/password_reset.html", {"form": form, "account": user}))


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def activation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose the first password; looking at the page uses nothing up."""
    try:
        user = accounts.activation_account(token=token)
        form = ChoosePasswordForm(request.POST or None, user=user)
        if form.is_valid():
            user = accounts.activate(token=token, password=form.cleaned_data["password"])
            return _enter(request, user, "Votre compte est activé. Bienvenue !")
    except NotAllowedNowError as refusal:
        return _link_is_over(request, refusal)
    return _keep_to_ourselves(render(request, "accompaniment/activation.html", {"form": form, "account": user}))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: AuthenticatedRequest) -> HttpResponse:
    """Change one's own password and stay logged in here, nowhere else."""
    form = ChangePasswordForm(request.POST or None, user=request.user)
    if form.is_valid():
        accounts.change_password(actor=request.user, password=form.cleaned_data["password"])
        update_session_auth_hash(request, request.user)
        messages.success(request, "Votre nouveau mot de passe est enregistré. Vos autres sessions sont fermées.")
        return redirect("password_change")
    return render(request, "accompaniment/password_change.html", {"form": form})


def _enter(request: HttpRequest, user: User, sentence: str) -> HttpResponse:
    before = request.user.pk
    login(request, user, backend=BACKEND)
    if before != user.pk:
        _tell_open_screens(before)
    messages.success(request, sentence)
    return redirect("home")


def _tell_open_screens(user_pk: int | None) -> None:
    """Let the open screens of whoever was logged in here look whether their session is over."""
    if user_pk is not None:
        sessions.announce_end(user_pk=user_pk)


def _link_is_over(request: HttpRequest, refusal: NotAllowedNowError) -> HttpResponse:
    page = render(request, "accompaniment/link_over.html", {"sentence": refusal.sentence}, status=410)
    return _keep_to_ourselves(page)


def _keep_to_ourselves(page: HttpResponse) -> HttpResponse:
    """Keep the secret in the address out of every Referer header; the origin alone stays, for the CSRF check."""
    page["Referrer-Policy"] = "strict-origin"
    return page
