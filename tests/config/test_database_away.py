"""PostgreSQL away: a page of ours with 503 and one line in the log, whichever side the request came from."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from psycopg_pool import ConnectionPool, PoolTimeout

from config.health import is_away
from config.settings.connections import POOL
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory

ADDRESS = {"username": "a@exemple.fr", "password": PASSWORD}


@pytest.fixture
def away(transactional_db: None) -> Iterator[None]:
    """Take the database away from all connections that are opened meanwhile."""
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
    answer = await async_client.post("/connexion/", ADDRESS)
    assert answer.status_code == 503


@pytest.mark.django_db
def test_with_the_database_there_the_same_page_answers(client: Client) -> None:
    client.force_login(AdviserUserFactory())
    assert client.get("/connexion/").status_code != 503


def test_a_statement_that_takes_too_long_is_a_fault_of_ours() -> None:
    """It keeps its traceback: somebody has to mend it."""
    slow, cut = OperationalError(), OperationalError()
    slow.__cause__ = psycopg.errors.QueryCanceled()
    cut.__cause__ = psycopg.errors.AdminShutdown()
    assert [is_away(slow), is_away(cut), is_away(ValueError()), is_away(None)] == [False, True, False, False]


@pytest.mark.django_db
@pytest.mark.parametrize(("limits", "at_once"), [({}, True), ({"reconnect_timeout": 300}, False)])
def test_pages_come_back_with_the_server(tmp_path: Path, limits: dict[str, Any], at_once: bool) -> None:
    """The kind: an outage that lasts longer than its cause. With the pool's own patience it does."""
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
