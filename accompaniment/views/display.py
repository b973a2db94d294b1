"""How pages look in this browser: light, dark, or as its system asks for. It needs no account and no script."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from accompaniment.enums import Theme
from accompaniment.forms.display import DisplayForm
from accompaniment.views.kept_forms import page_of_form

THEME_COOKIE = "theme"
KEPT_FOR = timedelta(days=365)
SAID = {
    "": "L'affichage suit maintenant votre appareil.",
    Theme.LIGHT: "L'affichage est maintenant clair.",
    Theme.DARK: "L'affichage est maintenant sombre.",
}


def theme_of(request: HttpRequest) -> str:
    """Return the theme that was chosen in this browser; empty if its system decides."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in Theme.values else ""


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def display(request: HttpRequest) -> HttpResponse:
    """Show the choice of a theme, and keep it.

    A page that must not be left, such as the room, loads the form as a part, and a script takes the theme at once.
    """
    is_part = "HX-Request" in request.headers
    posted = request.method == "POST"
    form = DisplayForm(
        request.POST if posted else None, initial={"theme": theme_of(request), "retour": page_of_form(request)}
    )
    if not posted or not form.is_valid():
        template = "accompaniment/partials/_display_form.html" if is_part else "accompaniment/display.html"
        return render(request, template, {"form": form, "is_part": is_part}, status=422 if posted else 200)
    theme = form.cleaned_data["theme"]
    if is_part:
        response = trigger_client_event(HttpResponse(SAID[theme]), "theme", {"chosen": theme})
    else:
        messages.success(request, SAID[theme])
        response = redirect(form.cleaned_data["retour"] or "display")
    if theme:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=KEPT_FOR, secure=request.is_secure(), httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response
