"""Error pages: each tells the truth, and none needs a part that may be away."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from config import views

ERROR_PAGES = sorted(Path(settings.BASE_DIR, "templates").glob("[45]*.html"))


@login_not_required
def breaks(request: HttpRequest) -> HttpResponse:
    """Raise an error that no view catches."""
    raise LookupError


@login_not_required
@require_POST
def takes(request: HttpRequest) -> HttpResponse:
    """Accept a form."""
    return HttpResponse("pris")


@login_not_required
@require_safe
def shows(request: HttpRequest) -> HttpResponse:
    """Show a page that accepts no form."""
    return HttpResponse("lu")


urlpatterns = [
    path("casse/", breaks),
    path("envoi/", takes),
    path("lecture/", shows),
    path("", views.home, name="home"),
]
handler500 = views.server_error
handler400 = views.bad_request


@pytest.fixture
def broken(settings: pytest.FixtureRequest) -> Client:
    """Return a visitor of a site with a broken page. These tests may not touch the database."""
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
    return Client(raise_request_exception=False)


def test_an_error_of_the_server_is_told_without_the_database(broken: Client) -> None:
    answer = broken.get("/casse/")
    assert answer.status_code == 500
    assert "Le service a rencontré une erreur" in answer.content.decode()


@pytest.mark.parametrize(
    ("page", "read"), [(views.server_error, "La page que vous vouliez lire"), (views.bad_request, "L'adresse")]
)
def test_a_page_that_was_only_read_does_not_speak_of_what_was_sent(page, read: str) -> None:
    """Kind: a page that says what did not happen. The success beside it is a form that was sent."""
    only_read = page(RequestFactory().get("/")).content.decode()
    was_sent = page(RequestFactory().post("/")).content.decode()
    assert read in only_read
    assert "enregistré" not in only_read
    assert "envoy" not in only_read
    assert read not in was_sent
    assert "enregistré" in was_sent


@pytest.mark.parametrize("page", ERROR_PAGES, ids=lambda page: page.name)
def test_no_page_says_that_an_error_is_told_to_somebody_while_nobody_is(page: Path) -> None:
    """An error is only written to the log. To promise more, add a handler that tells somebody."""
    tells = [handler["class"] for handler in settings.LOGGING["handlers"].values()]
    assert set(tells) <= {"logging.StreamHandler"}
    assert settings.ADMINS == []
    text = page.read_text(encoding="utf-8")
    for promise in ("signalée", "est prévenu", "à l'équipe", "avons été"):
        assert promise not in text


def test_an_address_that_only_takes_a_form_says_so_to_who_opens_it(broken: Client) -> None:
    """Kind: an empty answer, for which a browser shows its own page."""
    answer = broken.get("/envoi/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Cette adresse ne s'ouvre pas seule" in answer.content.decode()
    assert broken.post("/envoi/").content == b"pris"
    sent = broken.post("/lecture/")
    assert (sent.status_code, sent["Allow"]) == (405, "GET, HEAD")
    assert "n'a pas été enregistré" in sent.content.decode()
    assert "Elle reçoit" not in sent.content.decode()
    assert broken.get("/lecture/").content == b"lu"
