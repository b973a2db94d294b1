"""A right that is lost between a page's check and the service's lock: the page says so, and answers 403."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.http import require_POST

from accompaniment.models import Jobseeker, Note
from accompaniment.services.notes import write_note
from caseload.models import Portfolio
from tests.caseload.factories import PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db


@require_POST
def trusts_its_service(request: HttpRequest) -> HttpResponse:
    """Write a note as a page would that has checked the right before, and catch nothing."""
    write_note(actor=request.user, jobseeker=Jobseeker.objects.get(pk=request.POST["person"]), body="Vue")
    return HttpResponse("noté")


urlpatterns = [path("note/", trusts_its_service), path("", include("config.urls"))]


@pytest.mark.parametrize("still_follows", [True, False])
def test_a_refusal_of_a_right_is_a_page_of_its_own(client: Client, settings: Any, still_follows: bool) -> None:
    settings.ROOT_URLCONF = __name__
    portfolio: Portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    client.force_login((portfolio if still_follows else PortfolioFactory()).adviser.user)
    answer = client.post("/note/", {"person": person.pk})
    assert answer.status_code == (200 if still_follows else 403)
    assert ("plus dans vos portefeuilles" in answer.content.decode()) is not still_follows
    assert Note.objects.exists() is still_follows
