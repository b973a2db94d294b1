"""The pages that the footer leads to, open to everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accompaniment.browser import TEXTS, cookies
from accompaniment.presentation import READERS_TO_YOU


@login_not_required
@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    """State how far the pages can be used by everybody."""
    return render(request, "accompaniment/accessibility.html")


@login_not_required
@require_GET
def personal_data(request: HttpRequest) -> HttpResponse:
    """Say what is kept, who sees it, and what a person can ask."""
    return render(
        request,
        "accompaniment/personal_data.html",
        {"cookies": cookies(), "texts": TEXTS, "readers": READERS_TO_YOU.values()},
    )


@login_not_required
@require_GET
def legal_notice(request: HttpRequest) -> HttpResponse:
    """Say who publishes the service."""
    return render(request, "accompaniment/legal_notice.html")
