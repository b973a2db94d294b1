"""PostgreSQL is away: a page of ours with 503 and one line in the log, for every kind of request."""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection, connections
from django.test import AsyncClient, Client
from psycopg_pool import ConnectionPool, PoolTimeout

from config.health import is_away
from config.settings.connections import CONNECT_TIMEOUT, POOL, databases
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory

ADDRESS = {"username": "a@exemple.fr", "password": PASSWORD}


@pytest.fixture
def away(transactional_db: None) -> Iterator[None]:
    """Make the database unreachable for connections that are opened meanwhile."""
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        patch.setitem(connection.settings_dict, "OPTIONS", {"pool": False})
        yield
    connection.close()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("config.database"), "propagate", True)
    monkeypatch.setattr(logging.getLogger("django"), "propagate", True)
    return caplog


@pytest.mark.usefixtures("away")
def test_a_page_says_that_the_service_does_not_answer(client: Client, lines: pytest.LogCaptureFixture) -> None:
    client.raise_request_exception = False
    client.cookies["sessionid"] = "somebody"
    read = client.get("/portefeuille/")
    assert (read.status_code, read["Retry-After"]) == (503, "60")
    assert "ne répond pas pour le moment" in read.text
    assert "envoyer" not in read.text
    sent = client.post("/connexion/", ADDRESS)
    assert sent.status_code == 503
    assert "n'est pas enregistré" in sent.text
    errors = [record for record in lines.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == ["The database does not answer: OperationalError"] * 2
    assert not any(record.exc_info for record in errors)


@pytest.mark.usefixtures("away")
async def test_it_says_so_on_the_event_loop_too(async_client: AsyncClient) -> None:
    async_client.raise_request_exception = False
    # An earlier test may have left a connection open in the thread of asynchronous views.
    await sync_to_async(connections.close_all)()
    answer = await async_client.post("/connexion/", ADDRESS)
    assert answer.status_code == 503


@contextmanager
def silence(family: int, address: Any) -> Iterator[socket.socket]:
    """Listen and never answer: the operating system accepts connections, and nobody reads from them."""
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        yield listener


def test_a_page_does_not_wait_for_a_host_that_never_answers(
    transactional_db: None, client: Client, lines: pytest.LogCaptureFixture
) -> None:
    """Kind: an outage that shows as silence. Without our own limit one try takes more than two minutes."""
    connection.close()
    client.raise_request_exception = False
    client.cookies["sessionid"] = "somebody"
    with silence(socket.AF_INET, ("127.0.0.1", 0)) as listener, pytest.MonkeyPatch.context() as patch:
        host, port = listener.getsockname()
        given = databases(f"postgres://somebody@{host}:{port}/name?sslmode=disable", serves_pages=True)["default"]
        for name in ("HOST", "PORT", "USER"):
            patch.setitem(connection.settings_dict, name, given[name])
        patch.setitem(connection.settings_dict, "OPTIONS", {**given["OPTIONS"], "pool": False})
        began = time.monotonic()
        answer = client.get("/portefeuille/")
        took = time.monotonic() - began
        connection.close()
    assert answer.status_code == 503
    assert CONNECT_TIMEOUT <= took < 10 * CONNECT_TIMEOUT
    errors = [record.getMessage() for record in lines.records if record.levelno >= logging.ERROR]
    assert errors == ["The database does not answer: OperationalError"]


@pytest.mark.parametrize(("serves_pages", "milliseconds"), [(True, 4_000), (False, 30_000)])
def test_an_open_connection_that_falls_silent_is_lost_soon(serves_pages: bool, milliseconds: int) -> None:
    """The options given to libpq. A load of a file waits longer than a page, and the URL can override both."""
    options = databases("postgres://host/name", serves_pages=serves_pages)["default"]["OPTIONS"]
    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (CONNECT_TIMEOUT, milliseconds)
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    assert set(options) - {"pool", "options"} <= known
    own = databases("postgres://host/name?connect_timeout=10&tcp_user_timeout=1000", serves_pages=serves_pages)
    options = own["default"]["OPTIONS"]
    assert (options["connect_timeout"], options["tcp_user_timeout"]) == (10, 1000)


@pytest.mark.django_db
@pytest.mark.parametrize(("patience", "back"), [(CONNECT_TIMEOUT, True), (60, False)])
def test_pages_come_back_after_a_silence(tmp_path: Path, patience: int, back: bool) -> None:
    """Tries that still wait for the silent host delay one page at most. With a longer patience they delay all pages."""
    given = connection.settings_dict
    door, silent = tmp_path / "door", tmp_path / "silent"
    silent.mkdir()
    door.symlink_to(silent)
    port = given["PORT"] or 5432
    server = {"host": str(door), "port": port, "user": given["USER"], "dbname": given["NAME"]}
    with (
        silence(socket.AF_UNIX, str(silent / f".s.PGSQL.{port}")),
        ConnectionPool(kwargs={**server, "connect_timeout": patience}, open=True, **POOL) as pool,
    ):
        with pytest.raises(PoolTimeout):
            pool.getconn()
        door.unlink()
        door.symlink_to(given["HOST"])
        for _ in range(2):
            with suppress(PoolTimeout):
                pool.putconn(pool.getconn())
        assert (pool.get_stats()["pool_available"] > 0) is back


@pytest.mark.django_db
def test_with_the_database_there_the_same_page_answers(client: Client) -> None:
    client.force_login(AdviserUserFactory())
    assert client.get("/connexion/").status_code != 503


def test_a_statement_that_takes_too_long_is_a_fault_of_ours() -> None:
    """Such an error is not an outage: it keeps its traceback, because somebody has to fix it."""
    slow, cut = OperationalError(), OperationalError()
    slow.__cause__ = psycopg.errors.QueryCanceled()
    cut.__cause__ = psycopg.errors.AdminShutdown()
    assert [is_away(slow), is_away(cut), is_away(ValueError()), is_away(None)] == [False, True, False, False]


@pytest.mark.django_db
@pytest.mark.parametrize(("limits", "at_once"), [({}, True), ({"reconnect_timeout": 300}, False)])
def test_pages_come_back_with_the_server(tmp_path: Path, limits: dict[str, Any], at_once: bool) -> None:
    """Kind: an outage that lasts longer than its cause, as it would with the pool's default patience."""
    given = connection.settings_dict
    door = tmp_path / "door"
    server = {"host": str(door), "port": given["PORT"] or None, "user": given["USER"], "dbname": given["NAME"]}
    with ConnectionPool(kwargs=server, open=True, **{**POOL, **limits}) as pool:
        with pytest.raises(PoolTimeout):
            pool.getconn()
        door.symlink_to(given["HOST"])
        if at_once:
            pool.putconn(pool.getconn(timeout=1))
        else:
            with pytest.raises(PoolTimeout):
                pool.getconn(timeout=1)
