"""What surrounds every request: its line in the log, and static files on both sides of Django."""

import json
import logging
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import ResolverMatch

from config.logs import FORMATTERS, OfRequest, OncePerMinute, WithoutDetail, configuration
from config.middleware import RequestLogMiddleware

STYLES = "/static/dsfr/dist/dsfr/dsfr.min.css"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="config.requests")
    return caplog


def test_a_request_is_one_line_without_its_query(client: Client, lines: pytest.LogCaptureFixture) -> None:
    client.get("/static/nothing-here.css", {"nom": "Durand"})
    assert len(lines.messages) == 1
    method, path, status, milliseconds, unit, user, _address = lines.messages[0].split()
    assert (method, path, status, unit, user) == ("GET", "/static/nothing-here.css", "404", "ms", "user=-")
    assert milliseconds.isdecimal()


def test_the_line_has_the_number_of_the_person_and_no_secret_of_the_address(
    lines: pytest.LogCaptureFixture,
) -> None:
    class Person:
        pk = 7

    def answer(request: HttpRequest) -> HttpResponse:
        request.resolver_match = ResolverMatch(answer, (), {"token": "open-sesame"}, captured_kwargs={})
        request._cached_user = Person()  # as the log-in middleware leaves it
        return HttpResponse(status=204)

    RequestLogMiddleware(answer)(RequestFactory().get("/visio/open-sesame/%0A"))

    method, path, status, _milliseconds, _unit, user, _address = lines.messages[0].split()
    assert (method, path, status, user) == ("GET", "/visio/…/\\n", "204", "user=7")


@pytest.mark.django_db
@pytest.mark.parametrize("layout", FORMATTERS)
def test_no_line_of_a_refused_form_has_the_secret_of_its_address(
    layout: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django's own lines about a request name its URL; only the secret is left out."""
    for name in ("django", "django.request"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    caplog.set_level(logging.WARNING)
    assert Client(enforce_csrf_checks=True).post("/adresse/open-sesame/").status_code == 403
    lines = [formatted(layout, record) for record in caplog.records if record.name.startswith("django.")]
    assert any("Forbidden" in line and "/adresse/…/" in line for line in lines)
    assert "open-sesame" not in "".join(lines)


@pytest.mark.django_db  # at the end of an answer Django checks its connections
def test_static_files_in_a_thread(client: Client) -> None:
    answer = client.get(STYLES)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert len(b"".join(answer.streaming_content)) == int(answer["Content-Length"])  # type: ignore[arg-type]
    answer.close()


async def test_static_files_on_the_event_loop(async_client: AsyncClient) -> None:
    answer = await async_client.get(STYLES)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert len(answer.content) == int(answer["Content-Length"])


async def test_a_part_of_a_file_and_a_file_that_has_not_changed(async_client: AsyncClient) -> None:
    part = await async_client.get(STYLES, headers={"range": "bytes=0-9"})
    assert part.status_code == 206
    assert len(part.content) == 10
    unchanged = await async_client.get(STYLES, headers={"if-none-match": part["ETag"]})
    assert unchanged.status_code == 304
    assert unchanged.content == b""


async def test_the_head_of_a_file_has_no_body(async_client: AsyncClient) -> None:
    head = await async_client.head(STYLES)
    assert (head.status_code, int(head["Content-Length"]) > 0) == (200, True)


def test_the_same_complaint_is_written_once_and_in_one_line() -> None:
    patient = OncePerMinute()
    record = logging.makeLogRecord(
        {"name": "channels_redis", "msg": "try %d\nof many", "args": (1,), "levelno": logging.ERROR}
    )
    again = logging.makeLogRecord({"name": "channels_redis", "msg": "try %d\nof many", "args": (2,)})
    other = logging.makeLogRecord({"name": "channels_redis", "msg": "something else"})
    assert [patient.filter(record), patient.filter(again), patient.filter(other)] == [True, False, True]
    assert record.getMessage() == "try 1 of many"


def test_a_traceback_shows_no_values_of_a_row() -> None:
    try:
        msg = "duplicate key\nDETAIL:  Key (email)=(durand@example.org) already exists."
        raise ValueError(msg)
    except ValueError as error:
        text = WithoutDetail().formatException((type(error), error, error.__traceback__))
    assert "duplicate key" in text
    assert "durand" not in text


def test_each_line_of_a_request_carries_its_id_and_the_answer_does(
    client: Client, lines: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/static/nothing-here.css", headers={"X-Request-ID": "from-the-proxy-1"})
    assert answer["X-Request-ID"] == "from-the-proxy-1"
    assert lines.messages[0].endswith("user=- from=127.0.0.1")
    forged = client.get("/static/nothing-here.css", headers={"X-Request-ID": "a\tb ERROR forged"})
    assert len(forged["X-Request-ID"]) == 32


def formatted(layout: str, record: logging.LogRecord) -> str:
    options = dict(FORMATTERS[layout])
    formatter = options.pop("()")(options.pop("format"), **options)
    OfRequest().filter(record)
    return str(formatter.format(record))


def failure() -> logging.LogRecord:
    try:
        msg = "duplicate key\nDETAIL:  Key (email)=(durand@example.org) already exists."
        raise ValueError(msg)
    except ValueError:
        return logging.makeLogRecord(
            {"name": "config", "levelname": "ERROR", "msg": "a\nb", "exc_info": sys.exc_info()}
        )


def test_a_log_for_machines_is_one_object_a_line_without_the_values_of_a_row() -> None:
    line = formatted("json", failure())
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["request_id"], told["message"]) == ("ERROR", "config", "-", "a\nb")
    assert told["time"].endswith("Z")
    assert "duplicate key" in told["exc_info"]
    assert "durand" not in line


def test_the_facts_of_a_request_are_fields_of_their_own_for_machines(
    client: Client, lines: pytest.LogCaptureFixture
) -> None:
    client.get("/static/nothing-here.css")
    told = json.loads(formatted("json", lines.records[0]))
    assert (told["method"], told["path"], told["status"]) == ("GET", "/static/nothing-here.css", 404)
    assert told["address"] == "127.0.0.1"


def test_a_warning_of_a_library_takes_one_line() -> None:
    record = logging.makeLogRecord(
        {"name": "py.warnings", "levelname": "WARNING", "msg": "file.py:1: UserWarning: old\n  call()\n"}
    )
    assert formatted("text", record).endswith("py.warnings - file.py:1: UserWarning: old call()")


def test_an_unknown_layout_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be one of text, json"):
        configuration(layout="xml")
