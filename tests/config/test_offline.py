"""What browsers install: the manifest and its icons, the offline page, and the worker that keeps it.

Kind: an answer that browsers keep, and that differs from one person to the next or becomes stale.
"""

import json
import re
import struct
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.views.accounts import BACKEND
from tests.accompaniment.factories import UserFactory

MANIFEST = "frame/manifest.webmanifest"


def kept(client: Client) -> dict[str, object]:
    """Return what the worker is told to keep."""
    script = client.get(reverse("service_worker")).content.decode()
    told = re.match(r"self\.offline = (\{.*\});\n", script)
    assert told
    facts: dict[str, object] = json.loads(told[1])
    return facts


@pytest.mark.django_db
def test_a_browser_can_install_the_service(client: Client) -> None:
    page = client.get(reverse("login")).content.decode()
    assert f'<link rel="manifest" href="/static/{MANIFEST}">' in page
    answer = client.get(f"/static/{MANIFEST}")
    assert answer["Content-Type"].startswith("application/manifest+json")
    manifest = json.loads(answer.getvalue())
    assert manifest["name"] == "Accompagnement 100\u00a0% web"
    assert len(manifest["short_name"]) <= 12  # what fits below an icon
    assert (manifest["lang"], manifest["display"], manifest["scope"]) == ("fr", "standalone", "/")
    # The address that leads each role to its first page. It stays when the address of this file changes.
    assert manifest["start_url"] == manifest["id"] == reverse("home")
    assert f'content="{manifest["theme_color"]}"' in page
    icons = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    assert icons == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_each_icon_has_the_size_that_is_said() -> None:
    path = Path(str(finders.find(MANIFEST)))
    icons = {icon["src"]: icon["sizes"] for icon in json.loads(path.read_text(encoding="utf-8"))["icons"]}
    icons["icon-touch-180.png"] = "180x180"
    for name, size in icons.items():
        begin = (path.parent / name).read_bytes()[:24]
        assert begin.startswith(b"\x89PNG")
        assert "{}x{}".format(*struct.unpack(">II", begin[16:24])) == size, name


def test_the_worker_and_its_page_need_neither_database_nor_session(client: Client) -> None:
    worker, page = client.get(reverse("service_worker")), client.get(reverse("offline"))
    assert worker["Content-Type"] == "text/javascript; charset=utf-8"
    for answer in (worker, page):
        assert answer["Cache-Control"] == "no-cache"
        assert not answer.cookies
    assert reverse("service_worker").count("/") == 1  # from the top, so that it answers for every page


def test_what_the_worker_keeps_is_there_and_may_be_kept(client: Client) -> None:
    facts = kept(client)
    assert facts["page"] == reverse("offline")
    assert facts["files"] == ["/static/frame/favicon.svg", "/static/dsfr/dist/used.css", "/static/frame/offline.js"]
    for address in [facts["page"], *facts["files"]]:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "no-store" not in answer["Cache-Control"]
        assert answer.getvalue()


@pytest.mark.django_db
def test_the_page_is_the_same_for_everybody() -> None:
    inside = Client()
    inside.force_login(UserFactory(), backend=BACKEND)
    for name in ("offline", "service_worker"):
        assert inside.get(reverse(name)).content == Client().get(reverse(name)).content


def test_the_page_names_the_telephone_of_the_operator_if_there_is_one(client: Client, settings: Settings) -> None:
    settings.OPERATOR_PHONE = "01 99 00 00 09"
    assert 'href="tel:0199000009"' in client.get(reverse("offline")).content.decode()
    settings.OPERATOR_PHONE = ""
    assert "téléphoner" not in client.get(reverse("offline")).content.decode()


def test_the_version_changes_with_the_page(client: Client, settings: Settings) -> None:
    before = kept(client)["version"]
    assert kept(client)["version"] == before
    settings.OPERATOR_PHONE = "01 99 00 00 09"
    assert kept(client)["version"] != before


@pytest.mark.django_db
def test_a_worker_that_is_withdrawn_keeps_nothing_and_no_page_asks_for_it(client: Client, settings: Settings) -> None:
    asks = f'data-worker="{reverse("service_worker")}"'
    assert asks in client.get(reverse("login")).content.decode()
    settings.WITHDRAW_SERVICE_WORKER = True
    assert asks not in client.get(reverse("login")).content.decode()
    assert (kept(client)["page"], kept(client)["files"]) == ("", [])


def test_the_policy_names_workers_and_manifests(client: Client) -> None:
    policy = client.get(reverse("offline"))["Content-Security-Policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy
    assert "unsafe" not in str(settings.CONTENT_SECURITY_POLICY)
