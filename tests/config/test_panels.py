"""Panels that the server puts into a page: what they are asked with, and that none takes its page down."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template import engines
from django.test import Client
from django.urls import include, path, reverse
from django.views.decorators.csrf import csrf_exempt

from accompaniment.models import Jobseeker
from accompaniment.rules.errors import NoRightError
from accompaniment.views.own import own_file
from config.views import server_error
from tests.space_page import main_of, words_of
from tests.visio.states_of_the_space import web

pytestmark = pytest.mark.django_db

LINK = '<a href="/panneau/">Voir</a>'
OTHER_LINK = '<a href="/autre/">Voir</a>'
ONE_PERSON = "<p>1</p>"
"""What the second panel of the page reads."""
PAGE = engines["django"].from_string(
    '{% panel "panel_of_the_test" kind %}<a href="/panneau/">Voir</a>{% endpanel %}'
    '{% panel "panel_of_the_test" "asks" %}<a href="/autre/">Voir</a>{% endpanel %}'
)
HANDED_ON = "passé"


def whole(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>entier</p>")


def broken(_request: HttpRequest) -> HttpResponse:
    raise ValueError("broken")


def missing(_request: HttpRequest) -> HttpResponse:
    raise Http404


def forbidden(_request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def without_right(_request: HttpRequest) -> HttpResponse:
    raise NoRightError("Non.")


def refused_by_the_database(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    return HttpResponse()


def elsewhere(_request: HttpRequest) -> HttpResponse:
    return redirect("home")


def empty(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def with_cookie(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse("cookie")
    response.set_cookie("lost", "1")
    return response


def with_header(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("header", headers={"HX-Trigger": "lost"})


def in_pieces(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(["piece"])


def asks(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<p>{Jobseeker.objects.count()}</p>")


def tells(request: HttpRequest) -> HttpResponse:
    """Tell what a panel is asked with."""
    told: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.GET),
        "posted": dict(request.POST),
        "htmx": bool(request.htmx),
        "from": request.htmx.current_url_abs_path,
        "user": request.user.pk,
        "name": request.resolver_match.url_name if request.resolver_match else None,
        "seen": request.session.get("seen"),
    }
    request.session["seen"] = True
    messages.info(request, HANDED_ON)
    return HttpResponse(repr(told).replace("'", "").encode())


def with_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


VIEWS: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    view.__name__: view
    for view in (
        whole,
        broken,
        missing,
        forbidden,
        without_right,
        refused_by_the_database,
        elsewhere,
        empty,
        with_cookie,
        with_header,
        in_pieces,
        asks,
        tells,
        with_form,
    )
}


def panel_of_the_test(request: HttpRequest, kind: str) -> HttpResponseBase:
    return VIEWS[kind](request)


@csrf_exempt
def page_of_the_test(request: HttpRequest, kind: str) -> HttpResponse:
    return HttpResponse(PAGE.render({"kind": kind}, request))


urlpatterns = [
    path("page/<str:kind>/", page_of_the_test),
    path("panneau/<str:kind>/", panel_of_the_test, name="panel_of_the_test"),
    # The first one that fits an address serves it.
    path("mes-entretiens/panneau/prochain/", broken),
    path("", include("config.urls")),
]
handler500 = server_error


@pytest.fixture(autouse=True)
def _addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def person(client: Client) -> Jobseeker:
    person = web()
    client.force_login(person.user)
    return person


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "config.panels"]


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("kind", "reason", "has_stack"),
    [
        ("broken", "broken", True),
        ("without_right", "Non.", True),
        ("missing", "Http404", False),
        ("forbidden", "PermissionDenied", False),
        ("elsewhere", "302", False),
        ("empty", "204", False),
        ("with_cookie", "lost", False),
        ("with_header", "HX-Trigger", False),
        ("in_pieces", "no text", False),
    ],
)
def test_a_panel_that_cannot_be_had_leaves_its_link_and_a_line_in_the_log(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture, kind: str, reason: str, has_stack: bool
) -> None:
    settings.BROKEN_PANELS_RAISE = False
    answer = client.get(f"/page/{kind}/")
    assert answer.status_code == 200
    assert answer.content.decode() == f"{LINK}{ONE_PERSON}"
    (error,) = errors(caplog)
    assert f"/panneau/{kind}/" in error.getMessage()
    assert reason in error.getMessage()
    assert bool(error.exc_info) is has_stack
    assert "lost" not in answer.cookies


@pytest.mark.usefixtures("person")
def test_a_panel_that_can_be_had_stands_in_its_place(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/page/whole/").content.decode() == f"<p>entier</p>{ONE_PERSON}"
    assert errors(caplog) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("person")
def test_a_panel_that_the_database_refuses_leaves_the_others(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BROKEN_PANELS_RAISE = False
    assert client.get("/page/refused_by_the_database/").content.decode() == f"{LINK}{ONE_PERSON}"
    assert "division by zero" in errors(caplog)[0].getMessage()


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("patience", [60.0, -1.0])
def test_a_slow_panel_ends_before_its_next_statement(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture, patience: float
) -> None:
    """Paired by one fact: the time that the panels of a page may take."""
    settings.BROKEN_PANELS_RAISE = False
    settings.PANELS_PATIENCE = patience
    page = client.get("/page/asks/").content.decode()
    assert page == (ONE_PERSON * 2 if patience > 0 else LINK + OTHER_LINK)
    assert ["SlowPanelError" in error.getMessage() for error in errors(caplog)] == [True] * 2 * (patience < 0)
    # Whatever else the page reads has its time.
    assert client.get(reverse("own_data")).status_code == 200


def test_in_tests_a_broken_panel_breaks_its_page(client: Client, person: Jobseeker) -> None:
    """Kind: a fault that every page would hide behind a link."""
    client.force_login(person.user)
    with pytest.raises(ValueError, match="broken"):
        client.get("/page/broken/")


def test_a_panel_is_asked_as_htmx_asks_by_the_same_person(client: Client, person: Jobseeker) -> None:
    def told() -> str:
        return client.post("/page/tells/?fil=notes", {"typed": "x"}).content.decode()

    first = told()
    for fact in (
        "method: GET",
        "path: /panneau/tells/",
        "query: {}",
        "posted: {}",
        "htmx: True",
        "from: /page/tells/?fil=notes",
        f"user: {person.user.pk}",
        "name: panel_of_the_test",
        "seen: None",
    ):
        assert fact in first
    # The session is that of the page, and so are the messages: the next page that shows any shows this one.
    assert "seen: True" in told()
    assert client.get(reverse("own_data")).content.decode().count(HANDED_ON) == 2


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(("kind", "has_form"), [("with_form", True), ("whole", False)])
def test_a_form_in_a_panel_brings_the_cookie_that_it_needs(client: Client, kind: str, has_form: bool) -> None:
    answer = client.get(f"/page/{kind}/")
    assert ("csrftoken" in answer.cookies) is has_form
    # What a person sees is never stored, whatever its panels say of themselves.
    assert answer["Cache-Control"] == "private, no-store"


def test_a_page_and_its_panels_read_the_file_once(rf: Any, person: Jobseeker) -> None:
    request = rf.get("/")
    request.user = person.user
    assert own_file(request) is own_file(request) == person


@pytest.mark.usefixtures("person")
def test_mon_espace_without_its_next_step_is_still_mon_espace(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BROKEN_PANELS_RAISE = False
    page = main_of(client.get(reverse("space")).content.decode())
    place = reverse("panel_next_step")
    # Without scripts a link leads to it; with scripts htmx asks for it once more.
    assert f'href="{place}"' in page
    assert f'hx-get="{place}" hx-trigger="load"' in page
    for there in ("Voir ce que je peux faire", "Claude Martin", "Mon plan d'action", "Quitter le 100 % web"):
        assert there in words_of(page)
    assert place in errors(caplog)[0].getMessage()
