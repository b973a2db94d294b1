"""The two URLs that monitoring watches."""

import pytest
from django.db import connection
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries, Settings

from config import health

pytestmark = pytest.mark.django_db


def test_healthz_asks_nobody(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (
        200,
        b"ok\n",
        "text/plain; charset=utf-8",
    )
    assert not answer.cookies


def test_readyz_says_yes_when_both_servers_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert not answer.cookies


async def test_both_answer_on_the_event_loop(async_client: AsyncClient) -> None:
    assert (await async_client.get("/healthz")).status_code == 200
    assert (await async_client.get("/readyz")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_needs_no_host_name_and_no_https(client: Client, settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["suivi.example"]
    assert client.get(path, headers={"host": "10.0.0.7"}).status_code == 200


def test_readyz_names_redis_when_it_is_away(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"redis: no answer\n")
    assert client.get("/healthz").status_code == 200


def test_readyz_names_the_database_when_it_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"database: no answer\n")
    assert client.get("/healthz").status_code == 200


def test_a_role_that_is_too_strong_is_told_once_in_the_log_and_not_to_the_probe(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_looked", [])
    client.get("/readyz")
    assert "database role" not in caplog.text  # a demonstration owns all of its tables
    settings.DEMONSTRATION = False
    for _ in range(2):
        assert client.get("/readyz").content == b"ok\n"
    assert caplog.text.count("The database role of the application is a superuser") == 1
