"""Log-in, log-out, passwords, activation."""

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

from accompaniment.forms.accounts import (
    ChangePasswordForm,
    ChoosePasswordForm,
    FirstAccessForm,
    LogInForm,
    PasswordForgottenForm,
)
from accompaniment.models import User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import access_requests, accounts, sessions, throttle
from accompaniment.views.access import AuthenticatedRequest

BACKEND = "caseload.views.reader_zone.Backend"


class LogInView(LoginView):
    """The log-in page.

    Django's own view checks `next`, renews the session and asks django-axes. Axes counts the tries for one address from
    one place. This view also limits one place over all addresses, and one address over all places that its account does
    not know.
    """

    template_name = "accompaniment/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        address, place = request.POST.get("username", "").strip().lower(), throttle.place_of(request)
        counted = [("log_in.place", place)]
        if not throttle.knows("log_in.known_place", f"{address} {place}"):
            counted.append(("log_in.address", address))
        if not throttle.allows(*counted):
            return _too_many(request, "log_in", "log_in.address")
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if request.user.is_authenticated:
            throttle.take_back(*counted)
            _remember_place(request, request.user)
        return answer


def login_locked(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """Say what the throttle has locked, what was not done, and when to try again (called by django-axes)."""
    context = {"attempts": get_failure_limit(request, credentials), "wait": get_cool_off(request)}
    return render(request, "accompaniment/login_locked.html", context, status=429)


@login_not_required
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session, if there is one."""
    before = request.user.pk
    logout(request)
    _tell_open_screens(before)
    messages.success(request, "Vous êtes déconnecté.")
    response = redirect("login")
    # The browser's cached pages and the scripts' drafts are removed with it.
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Request a link. The answer is the same with and without an account."""
    form = PasswordForgottenForm(request.POST or None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        if not throttle.allows(
            ("password_forgotten.address", email), ("password_forgotten.place", throttle.place_of(request))
        ):
            return _too_many(request, "password_forgotten", "password_forgotten.address")
        access_requests.ask_for_password(email=email)
        return redirect("password_forgotten_sent")
    return render(request, "accompaniment/password_forgotten.html", {"form": form})


@login_not_required
@require_GET
def password_forgotten_sent(request: HttpRequest) -> HttpResponse:
    """Explain what happens next."""
    return render(request, "accompaniment/password_forgotten_sent.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def first_access(request: HttpRequest) -> HttpResponse:
    """Open a space before anybody has decided anything. The answer is the same with and without a match.

    Every request counts, successful ones included, so that the limit tells nothing either. Only somebody who knows both
    the identifier and its address can use up what its owner may request.
    """
    form = FirstAccessForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accompaniment/first_access.html", {"form": form}, status=422 if form.is_bound else 200)
    identifier, email, place = form.cleaned_data["identifier"], form.cleaned_data["email"], throttle.place_of(request)
    if not throttle.allows(
        ("first_access.identifier", f"{identifier} {place}"),
        ("first_access.address", f"{identifier} {email}"),
        ("first_access.place", place),
    ):
        return _too_many(request, "first_access", "first_access.address")
    access_requests.ask_for_first_access(identifier=identifier, email=email)
    return redirect("first_access_sent")


@login_not_required
@require_GET
def first_access_sent(request: HttpRequest) -> HttpResponse:
    """Explain what happens next."""
    return render(request, "accompaniment/first_access_sent.html", {"days": settings.ACTIVATION_LINK_DAYS})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Set a new password with a link. Opening the page does not use up the link."""
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
    """Choose the first password. Opening the page does not use up the link."""
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
    """Change the user's own password, and stay logged in only here."""
    form = ChangePasswordForm(request.POST or None, user=request.user)
    counted = ("password_change.account", str(request.user.pk))
    if form.is_bound and not throttle.allows(counted):
        return _too_many(request, "password_change", counted[0])
    if form.is_valid():
        throttle.take_back(counted)
        accounts.change_password(actor=request.user, password=form.cleaned_data["password"])
        update_session_auth_hash(request, request.user)
        messages.success(request, "Votre nouveau mot de passe est enregistré. Vos autres sessions sont fermées.")
        return redirect("password_change")
    status = 422 if form.errors else 200
    return render(request, "accompaniment/password_change.html", {"form": form}, status=status)


def _enter(request: HttpRequest, user: User, sentence: str) -> HttpResponse:
    before = request.user.pk
    login(request, user, backend=BACKEND)
    _remember_place(request, user)
    if before != user.pk:
        _tell_open_screens(before)
    messages.success(request, sentence)
    return redirect("home")


def _remember_place(request: HttpRequest, user: User) -> None:
    """Exempt this place from the slow-down that tries from other places cause for this account."""
    throttle.allows(("log_in.known_place", f"{user.email} {throttle.place_of(request)}"))


def _too_many(request: HttpRequest, asked: str, bound: str) -> HttpResponse:
    """Say that nothing was done, and when to try again; the same with and without an account."""
    context = {"asked": asked, "wait": throttle.wait_of(bound)}
    return render(request, "accompaniment/too_many.html", context, status=429)


def _tell_open_screens(user_pk: int | None) -> None:
    """Make the open screens of the previous user check whether their session is over."""
    if user_pk is not None:
        sessions.announce_end(user_pk=user_pk)


def _link_is_over(request: HttpRequest, refusal: NotAllowedNowError) -> HttpResponse:
    page = render(request, "accompaniment/link_over.html", {"sentence": refusal.sentence}, status=410)
    return _keep_to_ourselves(page)


def _keep_to_ourselves(page: HttpResponse) -> HttpResponse:
    """Keep the secret in the URL out of every Referer header. The origin alone stays, for the CSRF check."""
    page["Referrer-Policy"] = "strict-origin"
    return page
