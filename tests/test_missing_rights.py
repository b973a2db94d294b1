"""Every refusal of a page says which right is missing and who has it or can give it."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.access.house import ACTORS, House, build_house
from tests.access.table import TABLE
from tests.caseload.factories import CoverFactory, ManagerFactory, planned_absence

pytestmark = pytest.mark.django_db

RIGHTS = (
    "demande le droit sur tout le pays",
    "Vous pouvez lire",
    "Vous lisez ce dossier comme responsable",
    "Vous assurez un relais de cette absence",
    "Ce transfert n'est pas à vous",
    "est réservée ",
)
REMEDIES = (
    "Demandez",
    "demandez",
    "Qui suit la personne",
    "Le conseiller qui suit",
    "un responsable",
    "personne d'autre",
)


def said(response: Any) -> str:
    text = unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return " ".join(text.replace("\u00a0", " ").split())


def test_every_refusal_says_which_right_is_missing_and_who_to_turn_to() -> None:
    house, silent, refused = build_house(), [], 0
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        for method, answers in (("get", row.get), ("post", row.post)):
            for actor, answer in zip(ACTORS, answers.split(), strict=True):
                if answer != "403":
                    continue
                client = Client()
                client.force_login(house.users[actor])
                text = said(getattr(client, method)(url))
                refused += 1
                if not (any(right in text for right in RIGHTS) and any(remedy in text for remedy in REMEDIES)):
                    silent.append((name, method, actor))
    assert refused > 100
    assert not silent


@pytest.fixture
def house() -> House:
    return build_house()


@pytest.mark.parametrize(
    ("actor", "name", "for_whom", "remedy"),
    [
        ("owner", "my_day", "aux conseillers ; votre compte est celui d'une personne", "demandez à votre agence"),
        ("follower", "teams", "aux responsables ; votre compte est celui d'un conseiller", "un compte de responsable"),
        ("manager", "my_day", "aux conseillers ; votre compte est celui d'un responsable", "un compte de conseiller"),
        ("follower", "space", "aux personnes accompagnées ; votre compte", "personne d'autre n'en reçoit le droit"),
        ("owner", "absences", "aux conseillers et aux responsables", "demandez à votre agence"),
    ],
)
def test_a_page_of_another_role(house: House, actor: str, name: str, for_whom: str, remedy: str) -> None:
    client = Client()
    client.force_login(house.users[actor])
    text = said(client.get(reverse(name)))
    assert f"Cette page est réservée {for_whom}" in text
    assert remedy in text


@pytest.mark.parametrize("name", ["region_opening", "lapse_delays", "consent_texts", "imports"])
def test_a_manager_of_some_regions_reads_which_and_who_has_the_country(client: Client, house: House, name: str) -> None:
    """A manager of the whole country is let through."""
    regional = house.users["manager"].manager
    url = reverse(name, args=TABLE[name].args(house))
    client.force_login(house.users["manager"])
    answer = client.post(url)
    assert answer.status_code == 403
    text = said(answer)
    assert f"vaut pour {regional.regions.get().name} ; ceci demande le droit sur tout le pays" in text
    assert "Demandez ce changement à un responsable de tout le pays" in text
    client.force_login(ManagerFactory().user)
    assert client.post(url).status_code != 403


def test_who_only_relays_is_told_who_changes_the_absence(client: Client) -> None:
    cover = CoverFactory()
    absence = planned_absence(cover.portfolio, colleague=cover.colleague)
    client.force_login(cover.colleague.user)
    text = said(client.post(reverse("end_absence", args=[absence.pk])))
    assert f"seuls {cover.portfolio.adviser} et les responsables de sa région la changent" in text
    client.force_login(cover.portfolio.adviser.user)
    assert client.post(reverse("end_absence", args=[absence.pk])).status_code != 403
