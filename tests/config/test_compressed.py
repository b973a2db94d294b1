"""Static files are compressed where `collectstatic` has not run, and pages where a stranger chooses nothing of them."""

import gzip
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.test import AsyncClient, Client
from pytest_django import Settings

from config.compressed import compressed_copy
from config.finders import NAME

ACCEPTING = {"Accept-Encoding": "gzip, deflate, br"}
LOG_IN = "/connexion/"


def test_a_static_file_comes_compressed_to_who_takes_it(client: Client) -> None:
    whole = Path(str(finders.find(NAME))).read_bytes()
    small = client.get(f"/static/{NAME}", headers=ACCEPTING)
    assert small["Content-Encoding"] == "br"
    assert brotli.decompress(small.getvalue()) == whole
    assert gzip.decompress(client.get(f"/static/{NAME}", headers={"Accept-Encoding": "gzip"}).getvalue()) == whole
    plain = client.get(f"/static/{NAME}")
    assert "Content-Encoding" not in plain.headers
    assert plain.getvalue() == whole


def test_a_copy_is_made_again_when_its_file_changes(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    script = tmp_path / "one.js"
    script.write_text("one();" * 100, encoding="utf-8")
    copy = Path(compressed_copy(str(script), "x/one.js"))
    made_at = copy.stat().st_ctime_ns
    assert compressed_copy(str(script), "x/one.js") == str(copy)
    assert copy.stat().st_ctime_ns == made_at
    assert brotli.decompress(copy.with_name("one.js.br").read_bytes()) == script.read_bytes()
    script.write_text("no", encoding="utf-8")  # too short to be worth it
    assert Path(compressed_copy(str(script), "x/one.js")).read_text(encoding="utf-8") == "no"
    assert [*copy.parent.iterdir()] == [copy]


def test_what_cannot_be_made_smaller_or_is_absent_stays(tmp_path: Path) -> None:
    for name in ("font.woff2", "absent.js"):
        assert compressed_copy(str(tmp_path / name), name) == str(tmp_path / name)


@pytest.mark.django_db
def test_a_page_is_compressed_only_if_a_stranger_chooses_nothing_of_it(client: Client) -> None:
    page = client.get(LOG_IN, headers=ACCEPTING)
    assert page["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page["Vary"]
    assert "Se connecter" in gzip.decompress(page.content).decode()
    for chosen in (client.get(f"{LOG_IN}?suite=x", headers=ACCEPTING), client.post(LOG_IN, headers=ACCEPTING)):
        assert chosen.status_code == 200
        assert "Content-Encoding" not in chosen.headers
    assert "Content-Encoding" not in client.get(LOG_IN).headers


@pytest.mark.django_db(transaction=True)
async def test_a_page_is_compressed_on_the_event_loop_too(async_client: AsyncClient) -> None:
    assert (await async_client.get(LOG_IN, headers=ACCEPTING))["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in (await async_client.get(f"{LOG_IN}?suite=x", headers=ACCEPTING)).headers


@pytest.mark.django_db
def test_the_tokens_of_two_pages_differ_and_so_do_their_lengths() -> None:
    """The secret behind the tokens is the same, but an attacker cannot learn it from how pages compress."""
    client = Client()
    tokens, lengths = set(), set()
    for _ in range(12):
        content = client.get(LOG_IN, headers=ACCEPTING).content
        lengths.add(len(content))
        tokens.update(re.findall(r'"X-CSRFToken": "(\w+)"', gzip.decompress(content).decode()))
    assert len(tokens) == 12
    assert len(lengths) > 3
