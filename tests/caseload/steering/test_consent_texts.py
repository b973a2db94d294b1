"""The page on which a national manager publishes a new version of the text to accept."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.models import ConsentText, Notification
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.publishing import publish_consent_text, shown_version
from accompaniment.services.foreseen import FIELD
from tests.accompaniment.factories import RegionFactory, consent_text_in_force
from tests.caseload.factories import ManagerFactory, on_web_track

pytestmark = pytest.mark.django_db

ADDRESS = "/reglages/texte-a-accepter/"


@pytest.fixture(autouse=True)
def _text() -> ConsentText:
    return consent_text_in_force()


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(ManagerFactory().user)
    return client


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def typed(**facts: Any) -> dict[str, Any]:
    last = ConsentText.objects.latest()
    return {
        "seen": shown_version(last).token,
        "title": last.title,
        "body": "Un point nouveau.",
        "needs_acceptance": "on",
        "step": "publier",
        **facts,
    }


def test_begins_with_the_text_in_force(manager: Client) -> None:
    text = ConsentText.objects.latest()
    page = manager.get(ADDRESS)
    assert text.body.splitlines()[0] in words(page)
    assert "1, publiée le" in words(page)
    assert reverse("consent_texts") == ADDRESS


def test_is_read_again_before_it_is_published(manager: Client) -> None:
    person = on_web_track()
    page = manager.post(ADDRESS, typed(step="relire"))
    assert "Relisez la version 2 avant de la publier" in words(page)
    assert "1 personne concernée" in words(page)
    assert person.identifier in words(page)
    assert ConsentText.objects.count() == 1
    back = manager.post(ADDRESS, typed(step="corriger"))
    assert "Un point nouveau." in back.content.decode()
    assert "Relire avant de publier" in words(back)
    mark = page.context["foreseen"].mark
    late = on_web_track()
    grown = manager.post(ADDRESS, {**typed(), FIELD: mark})
    assert grown.status_code == 409
    assert "a changé depuis" in words(grown)
    assert late.identifier in words(grown)
    assert ConsentText.objects.count() == 1
    assert not Notification.objects.filter(kind="acceptance_asked").exists()
    leave_track(actor=late.user, jobseeker=late)
    done = manager.post(ADDRESS, {**typed(), FIELD: mark}, follow=True)
    assert "La version 2 est en vigueur." in words(done)
    assert Notification.objects.get(kind="acceptance_asked").jobseeker == person


def test_without_a_new_acceptance_tells_nobody(manager: Client) -> None:
    on_web_track()
    facts = typed()
    del facts["needs_acceptance"]
    assert "personne n'est prévenu" in words(manager.post(ADDRESS, {**facts, "step": "relire"}))
    manager.post(ADDRESS, facts)
    assert ConsentText.objects.latest().needs_acceptance is False
    assert not Notification.objects.filter(kind="acceptance_asked").exists()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"title": ""}, "Donnez un titre"),
        ({"body": ""}, "Écrivez le texte"),
        ({"body": None}, "version en vigueur"),
    ],
)
def test_says_what_is_missing_and_keeps_the_rest(manager: Client, facts: dict[str, Any], sentence: str) -> None:
    if facts.get("body", "") is None:
        # Line ends as a browser sends them.
        facts = {"body": ConsentText.objects.latest().body.replace("\n", "\r\n")}
    response = manager.post(ADDRESS, typed(**facts))
    assert response.status_code == 422
    assert sentence in words(response)
    assert ConsentText.objects.count() == 1


def test_another_version_meanwhile_is_told_and_nothing_typed_is_lost(manager: Client) -> None:
    mine = typed(body="Mon texte.")
    last = ConsentText.objects.latest()
    publish_consent_text(actor=None, title=last.title, body="D'un collègue.", needs_acceptance=True, seen=None)
    response = manager.post(ADDRESS, mine)
    assert response.status_code == 409
    assert "publiée entre-temps" in words(response)
    assert "Mon texte." in response.content.decode()
    assert "D'un collègue." in words(response)
    manager.post(ADDRESS, typed(body="Mon texte."))
    assert ConsentText.objects.latest().body == "Mon texte."


def test_a_manager_of_regions_reads_and_does_not_publish(client: Client) -> None:
    client.force_login(ManagerFactory(regions=[RegionFactory()]).user)
    assert "Un responsable de tout le pays publie" in words(client.get(ADDRESS))
    assert client.post(ADDRESS, typed()).status_code == 403
    assert ConsentText.objects.count() == 1
