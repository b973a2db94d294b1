"""The pages that the footer leads to, open to everybody."""

from axes.helpers import get_cool_off
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accompaniment.rules.french import days_in_words, delay_in_words
from accompaniment.rules.presentation import READERS_TO_YOU
from accompaniment.services import throttle
from accompaniment.views.browser import TEXTS, cookies


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
        {
            "cookies": cookies(),
            "texts": TEXTS,
            "readers": READERS_TO_YOU.values(),
            "tallies_kept": days_in_words(throttle.kept().days),
            "wrong_tries_kept": delay_in_words(get_cool_off()),
        },
    )


@login_not_required
@require_GET
def legal_notice(request: HttpRequest) -> HttpResponse:
    """Say who publishes the service."""
    return render(request, "accompaniment/legal_notice.html")
