"""Requests that no browser of ours sends, to every URL: the answer says what to do, and is never a server error.

Kind: a byte of a request is interpreted. Each kind of value has one door (`config.door` for text that nothing stores,
`accompaniment.rules.parsing` for numbers, days and instants), and every URL and every field is tried with it.
"""

import itertools
import logging
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.urls import reverse

from accompaniment.forms.tokens import FIELD as TOKEN
from accompaniment.models import User
from config.asgi import application
from tests.access.house import ACTORS, House, build_house
from tests.access.table import TABLE
from tests.sessions import client_of

PATIENCE = 20.0  # seconds
ROLES = ("owner", "follower", "manager", "national")

MANY = "9" * 5_000
VALUES = {
    "a number of 5,000 digits": MANY,
    "a number of 30 digits": "9" * 30,
    "the first day": "0001-01-01",
    "the last day": "9999-12-31",
    "the first instant, far east": "0001-01-01T00:00:00+23:59",
    "JSON that nothing stores": '{"body": "\\u0000", "situation": "\\ud800", "email": NaN, "deep": ' + "[" * 2_000,
    "an address in an address": "q=%00&portefeuille=%00&sans_contact=" + "9" * 100,
}
"""One value of each kind; `tests/accompaniment/test_parsing.py` has what else each door accepts and refuses."""

NAMED_IN_CODE = re.compile(r"(?:GET|POST|data|sent|typed)\.(?:get|getlist)\(\s*[\"'](\w+)")


def _forms(kind: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for below in kind.__subclasses__():
        yield below
        yield from _forms(below)


def every_name() -> list[str]:
    """Return the names of everything that the service reads from a URL or a form."""
    names = {"personne", "liste", "vu", "page"}
    for app in ("accompaniment", "caseload", "messaging", "visio", "config"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            names |= set(NAMED_IN_CODE.findall(path.read_text(encoding="utf-8")))
    for form in _forms():
        if form.__module__.split(".")[0] in {"accompaniment", "caseload", "messaging", "visio"}:
            names |= set(getattr(form, "base_fields", {}))
    return sorted(names)


def first_who_enters(statuses: str) -> str | None:
    """Return the first of the usual roles that a row of the table lets in, or None."""
    got = dict(zip(ACTORS, statuses.split(), strict=True))
    return next((role for role in ROLES if got[role] not in {"403", "404", "405", "login"}), None)


class Fields(HTMLParser):
    """The forms of a page: where each is sent, and what it would send unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.types: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "form" and found.get("method", "").lower() == "post":
            self.forms.append((found.get("action") or found.get("hx-post", ""), {}))
        elif tag == "form":
            self.forms.append(("", {}))
        elif not self.forms:
            return
        elif tag in {"input", "textarea", "button"} and name and found.get("type") != "file":
            self.forms[-1][1].setdefault(name, found.get("value") or "mot")
            self.types[name] = found.get("type", tag)
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select and found.get("value"):
            self.forms[-1][1].setdefault(self._select, found["value"])


def fields_of(page: str) -> Fields:
    parser = Fields()
    parser.feed(page)
    return parser


class Tried:
    """Tries URLs in turn, and records each error with its cause."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.count = 0

    def ask(self, user: User | None, method: str, url: str, sent: dict[str, str] | None = None, what: str = "") -> Any:
        """Send one request and roll back whatever it changed; return the page, or nothing if there is none."""
        client = client_of(user)
        self.count += 1
        with transaction.atomic():
            response: HttpResponseBase = (client.get if method == "GET" else client.post)(url, sent or {})
            page = "" if response.streaming else response.content.decode("utf-8", "replace")
            if response.streaming:
                b"".join(response)  # type: ignore[arg-type, call-overload]
            transaction.set_rollback(True)
        if response.status_code >= 500:
            self.broken.append(f"{method} {url} {what}: {response.status_code}")
        return page if response.status_code == 200 else ""


READING = {
    "__contains__",
    "__getitem__",
    "__iter__",
    "__len__",
    "copy",
    "getlist",
    "items",
    "keys",
    "urlencode",
    "values",
}
"""The ways in which a view reads a query. The door alone uses `lists`."""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How queries and forms were read since the list was emptied.

    Left out are the door, which reads all of them, and the token of a form.
    """
    found: list[str] = []

    def recorded(name: str) -> Any:
        read = getattr(QueryDict, name)

        def record(query: QueryDict, *args: Any, **kwargs: Any) -> Any:
            # A query is mutable while it is filled. The token of a form is read before any view, and always alike.
            if not query._mutable and args[:1] != (TOKEN,):
                found.append(name)
            return read(query, *args, **kwargs)

        return record

    for name in READING:
        monkeypatch.setattr(QueryDict, name, recorded(name))
    return found


@pytest.mark.django_db
def test_every_address_answers_every_value_in_all_names_at_once(reads: list[str]) -> None:
    """A page or an act that reads nothing of what comes with it is the same with each, so it is asked with one."""
    house = build_house()
    tried = Tried()
    unread = 0
    names = every_name()
    assert len(names) > 60
    for name, row in TABLE.items():
        if name == "log_out":
            continue
        url = reverse(name, args=row.args(house))
        for method, statuses in (("GET", row.get), ("POST", row.post)):
            if role := first_who_enters(statuses):
                for kind, value in VALUES.items():
                    reads.clear()
                    tried.ask(house.users[role], method, url, dict.fromkeys(names, value), what=kind)
                    if not reads:
                        unread += len(VALUES) - 1
                        break
    assert tried.broken == []
    assert tried.count + unread > len(TABLE) * len(VALUES)
    assert tried.count > unread


NUMBERS = {
    "5,000 digits": MANY,
    "more than a row has": str(2**63),
    "digits of another script": "\N{ARABIC-INDIC DIGIT THREE}",
}


@pytest.mark.django_db
def test_every_address_with_a_number_answers_whatever_stands_there() -> None:
    """Kind: a number in a URL that is the number of no row. It leads nowhere, whoever asks."""
    house = build_house()
    tried = Tried()
    for number, (name, row) in itertools.product(NUMBERS.values(), TABLE.items()):
        url = re.sub(r"(?<=/)\d+(?=/)", number, reverse(name, args=row.args(house)))
        if number not in url:
            continue
        for method, statuses in (("GET", row.get), ("POST", row.post)):
            if role := first_who_enters(statuses):
                assert tried.ask(house.users[role], method, url) == "", url
    assert tried.broken == []
    assert tried.count > 50 * len(NUMBERS)


WORDS = ("a number of 30 digits", "JSON that nothing stores")
DAYS = ("the first day", "the last day")
BY_TYPE = dict.fromkeys(("date", "datetime-local", "month", "time"), (*DAYS, WORDS[0])) | {"hidden": (*WORDS, *DAYS)}
"""What a field gets alone, by its type; every other field gets the words."""


@pytest.mark.django_db
def test_every_form_answers_every_value_in_one_field_while_the_others_are_right() -> None:
    house = build_house()
    tried = Tried()
    fields = 0
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        if not (role := first_who_enters(row.get)):
            continue
        user = house.users[role]
        page = fields_of(tried.ask(user, "GET", url))
        for action, untouched in page.forms:
            target = action if action.startswith("/") else url + action
            if target == reverse("log_out"):
                continue
            for field in untouched.keys() - {"csrfmiddlewaretoken"}:
                fields += 1
                for kind in BY_TYPE.get(page.types.get(field, ""), WORDS):
                    tried.ask(user, "POST", target, untouched | {field: VALUES[kind]}, what=f"{field}: {kind}")
    assert tried.broken == []
    assert fields > 100


# --- The first door --------------------------------------------------------------------------------


def scope_of(path: str, *headers: tuple[bytes, bytes], kind: str = "http", query: bytes = b"") -> dict[str, Any]:
    facts = {"http": {"http_version": "1.1", "method": "GET"}, "websocket": {"subprotocols": []}}[kind]
    own = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    return {
        "type": kind,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query,
        "headers": [*own, *headers],
        **facts,
    }


async def answer(scope: dict[str, Any], body: bytes = b"") -> tuple[int, str]:
    """Return status and page of a request that passes everything that stands before Django."""
    sent = ApplicationCommunicator(application, scope)
    await sent.send_input({"type": "http.request", "body": body})
    status: int = (await sent.receive_output(PATIENCE))["status"]
    page = b""
    while (part := await sent.receive_output(PATIENCE)).get("more_body"):
        page += part["body"]
    await sent.send_input({"type": "http.disconnect"})
    await sent.wait(PATIENCE)
    return status, (page + part.get("body", b"")).decode()


FORM = (b"content-type", b"application/x-www-form-urlencoded")
REFUSED: dict[str, dict[str, Any]] = {
    "NUL in a query": {"query": b"q=a%00b"},
    "NUL in the name of a query": {"query": b"%00=1"},
    "raw NUL in a query": {"query": b"q=\x00"},
    "NUL in a cookie": {"headers": [(b"cookie", b'sessionid="aaaaaaaaaaaaaaaa\\000"')]},
    "NUL in the name of a cookie": {"headers": [(b"cookie", b"a\x00=1")]},
    "another encoding": {"headers": [(b"content-type", b"application/x-www-form-urlencoded; charset=utf-7")]},
    "an encoding of no text": {"headers": [(b"content-type", b"text/plain; charset=hex")]},
    "an encoding that there is not": {"headers": [(b"content-type", b"text/plain; charset=nothing")]},
    "an encoding with NUL": {"headers": [(b"content-type", b"text/plain; charset=utf\x008")]},
    "a parameter in no encoding": {"headers": [(b"content-type", b"text/plain; charset*=nothing''a")]},
}


@pytest.fixture
def calm(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Fail if an error or a traceback is written to the log."""
    yield caplog
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


def _hostile(kind: str, path: str, protocol: str = "http") -> dict[str, Any]:
    facts = REFUSED[kind]
    return scope_of(path, *facts.get("headers", ()), kind=protocol, query=facts.get("query", b""))


@pytest.mark.django_db(transaction=True)
async def test_every_address_refuses_what_nothing_stores_with_a_page_that_says_what_to_do(calm: Any) -> None:
    house: House = await sync_to_async(build_house)()
    addresses = await sync_to_async(lambda: [reverse(name, args=row.args(house)) for name, row in TABLE.items()])()
    for kind, path in itertools.product(REFUSED, [*addresses, "/static/frame/frame.css", "/nowhere/"]):
        status, page = await answer(_hostile(kind, path))
        assert status == 400, (kind, path)
        assert "repartez de l'accueil" in page
        assert "enregistré" not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/\0", "/personnes/\0/", "/static/\0", "/\ud800", "/sante/\0"])
async def test_no_path_with_text_that_nothing_stores_comes_through(path: str, calm: Any) -> None:
    assert (await answer(scope_of(path)))[0] == 400
    assert (await answer(scope_of("/connexion/")))[0] == 200


SOCKETS = ("/ws/bureau/", "/ws/messagerie/1/", "/ws/visio/abc/", "/ws/nowhere/")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", SOCKETS)
async def test_every_socket_refuses_what_nothing_stores_with_a_code(path: str, calm: Any) -> None:
    for kind in REFUSED:
        assert await closed(_hostile(kind, path, "websocket")) == 4400, kind
    assert await closed(scope_of(f"{path}\0", kind="websocket")) == 4400
    assert await closed(scope_of(path, kind="websocket")) in {4401, 4404, 1000}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, MANY])
async def test_no_number_in_an_address_of_a_socket_breaks_it(number: str, calm: Any) -> None:
    assert await closed(scope_of(f"/ws/messagerie/{number}/", kind="websocket")) in {4401, 4404}


async def closed(scope: dict[str, Any]) -> int:
    """Return the code with which a socket is refused."""
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    event = await socket.receive_output(PATIENCE)
    if event["type"] == "websocket.accept":
        event = await socket.receive_output(PATIENCE)
    assert event["type"] == "websocket.close"
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(PATIENCE)
    return int(event.get("code", 1000))


def _part(head: str, body: str = "x") -> bytes:
    return f"--b\r\n{head}\r\n\r\n{body}\r\n--b--\r\n".encode()


MULTIPART = (b"content-type", b"multipart/form-data; boundary=b")
BODIES: dict[str, tuple[tuple[bytes, bytes], bytes]] = {
    "NUL in a field": (FORM, b"username=a%00b"),
    "raw NUL in a field": (FORM, b"username=a\x00b"),
    "NUL in a name": (FORM, b"%00=1"),
    "NUL in a part": (MULTIPART, _part('Content-Disposition: form-data; name="username"', "a\0b")),
    "no boundary": ((b"content-type", b"multipart/form-data"), b"x"),
    "a boundary that is none": ((b"content-type", b"multipart/form-data; boundary=\xe9"), b"x"),
    "more fields than a form has": (FORM, b"&".join(b"a%d=1" % number for number in range(1_500))),
    "more text than a form holds": (FORM, b"a=" + b"x" * (2 * 1024 * 1024 + 10)),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_cannot_be_read_or_kept_is_answered_by_what_to_do(kind: str, calm: Any) -> None:
    header, body = BODIES[kind]
    length = (b"content-length", str(len(body)).encode())
    status, page = await answer(scope_of("/connexion/", header, length) | {"method": "POST"}, body)
    assert status == 400
    assert "Rien n'a été enregistré." in page
    sound = b"username=a&password=b"
    length = (b"content-length", str(len(sound)).encode())
    status, _ = await answer(scope_of("/connexion/", FORM, length) | {"method": "POST"}, sound)
    assert status == 403  # it was read: only its CSRF token is missing


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "head",
    [
        "Content-Disposition: form-data; name*=nothing''a",
        'Content-Disposition: form-data; name="f"; filename="f"\r\nContent-Transfer-Encoding: base64',
    ],
)
async def test_a_part_of_a_form_that_says_nonsense_of_itself_breaks_nothing(head: str, calm: Any) -> None:
    body = _part(head, "%%%")
    length = (b"content-length", str(len(body)).encode())
    status, _ = await answer(scope_of("/connexion/", MULTIPART, length) | {"method": "POST"}, body)
    assert status in {400, 403}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("encoding", [b"utf-8", b"UTF-8", b"utf8", b'"utf-8"', b"us-ascii"])
async def test_the_encoding_of_our_own_pages_is_read_however_it_is_spelled(encoding: bytes) -> None:
    header = (b"content-type", b"application/x-www-form-urlencoded; charset=" + encoding)
    assert (await answer(scope_of("/connexion/", header)))[0] == 200


async def test_a_length_of_5000_digits_is_too_large(calm: Any) -> None:
    scope = scope_of("/connexion/", FORM, (b"content-length", MANY.encode())) | {"method": "POST"}
    assert (await answer(scope))[0] in {403, 413}
