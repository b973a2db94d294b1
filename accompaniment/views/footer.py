"""The pages in the footer, open to everybody."""

from axes.helpers import get_cool_off
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accompaniment.reads.accessibility import criteria, statement_of
from accompaniment.rules.french import days_in_words, delay_in_words
from accompaniment.rules.presentation import READERS_TO_YOU
from accompaniment.services import throttle
from accompaniment.views.browser import TEXTS, cookies


@login_not_required
@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    """State how accessible the pages are."""
    return render(request, "accompaniment/accessibility.html", {"statement": statement_of(criteria())})


@login_not_required
@require_GET
def site_plan(request: HttpRequest) -> HttpResponse:
    """List the pages that the reader can open, beside the menu."""
    return render(request, "accompaniment/site_plan.html")


@login_not_required
@require_GET
def personal_data(request: HttpRequest) -> HttpResponse:
    """Explain which data is stored, who sees it, and what a person can ask for."""
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
    """State who publishes the service."""
    return render(request, "accompaniment/legal_notice.html")
