"""Portefeuille: who is on the list, their needs, the order, and the number of queries."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import Modality
from accompaniment.models import Jobseeker
from caseload.enums import PlacementEnd
from caseload.models import Portfolio
from caseload.services.desk.summaries import write_summary
from caseload.services.moves.placements import end_placement
from tests.accompaniment.factories import AdviserUserFactory
from tests.caseload.factories import CoverFactory, PortfolioFactory, on_web_track, placed, validated

pytestmark = pytest.mark.django_db

URL = "/portefeuille/"
NOW = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)  # 14 h in Paris
HTMX = {"HX-Request": "true"}


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def person(portfolio: Portfolio, last_name: str, first_name: str = "Alix", **summary: Any) -> Jobseeker:
    found = on_web_track(portfolio, last_name=last_name, first_name=first_name)
    write_summary(jobseeker_id=found.pk, **summary)
    return found


def names(client: Client, query: str = "") -> list[str]:
    return [case.last_name for case in client.get(URL + query).context["listing"].cases]


def test_an_empty_portfolio_says_what_will_appear(adviser: Client) -> None:
    page = adviser.get(URL)
    assert "Aucune personne dans votre portefeuille" in page.content.decode()
    assert "<table" not in page.content.decode()


def test_a_row_tells_who_what_and_when(adviser: Client, portfolio: Portfolio) -> None:
    with time_machine.travel(NOW, tick=False):
        found = person(
            portfolio,
            "Ébrard",
            "Éloïse",
            last_contact_at=NOW - timedelta(hours=40),
            last_contact_channel="phone",
            next_interview_at=NOW + timedelta(hours=2),
            next_interview_channel="video",
            awaiting_reply_since=NOW - timedelta(hours=31),
            obligation_due_on=NOW.date() + timedelta(days=20),
        )
        text = " ".join(unescape(adviser.get(URL).content.decode()).split())
    for part in (
        "Entretien aujourd'hui à 16 h",
        "Sans réponse depuis 31 h",
        "Ébrard Éloïse",
        found.identifier,
        "2 mars, 22 h",
        "Téléphone",
        "4 mars, 16 h",
        "Visio",
        "24 mars 2026",
        "Guidé, 100 % web",
        reverse("person", args=[found.pk]),
    ):
        assert part in text, part


def test_what_is_due_first_comes_first_and_nothing_comes_last(adviser: Client, portfolio: Portfolio) -> None:
    with time_machine.travel(NOW, tick=False):
        person(portfolio, "Calme")
        person(portfolio, "Demain", callback_due_at=NOW + timedelta(days=1))
        person(portfolio, "Retard", to_place_by=NOW.date() - timedelta(days=3))
        person(portfolio, "Aujourd", next_interview_at=NOW + timedelta(hours=1))
        validated(portfolio, last_name="Accepter")
        assert names(adviser) == ["Retard", "Aujourd", "Demain", "Accepter", "Calme"]
        assert names(adviser, "?tri=-besoin") == ["Accepter", "Demain", "Aujourd", "Retard", "Calme"]


def test_every_column_sorts_both_ways_with_the_empty_last(adviser: Client, portfolio: Portfolio) -> None:
    with time_machine.travel(NOW, tick=False):
        person(portfolio, "éa", last_contact_at=NOW, next_interview_at=NOW + timedelta(days=2))
        person(portfolio, "Eb", last_contact_at=NOW - timedelta(days=1))
        person(portfolio, "ec", obligation_due_on=NOW.date(), next_interview_at=NOW + timedelta(days=1))
        found = {order: names(adviser, f"?tri={order}") for order in ("nom", "-nom", "contact", "-contact")}
        found |= {order: names(adviser, f"?tri={order}") for order in ("entretien", "-entretien", "echeance")}
    assert found == {
        "nom": ["éa", "Eb", "ec"],
        "-nom": ["ec", "Eb", "éa"],
        "contact": ["Eb", "éa", "ec"],
        "-contact": ["éa", "Eb", "ec"],
        "entretien": ["ec", "éa", "Eb"],
        "-entretien": ["éa", "ec", "Eb"],
        "echeance": ["ec", "éa", "Eb"],
    }


def test_the_heading_says_how_it_is_sorted_and_turns_it(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Petit")
    sorts = {column.label: column for column in adviser.get(URL + "?tri=nom").context["listing"].columns}
    assert (sorts["Nom"].sort, sorts["Nom"].address) == ("ascending", "?tri=-nom")
    assert (sorts["Besoin"].sort, sorts["Besoin"].address) == ("none", "?")
    assert 'aria-sort="ascending"' in adviser.get(URL).content.decode()
    assert 'aria-sort="descending"' in adviser.get(URL + "?tri=-nom").content.decode()


@pytest.mark.parametrize("words", ["ebrard", "ÉBRARD", "eloise", "éloïse ébrard", "Ébra élo", "0009999", "0009999z"])
def test_search_forgives_accents_case_and_order(adviser: Client, portfolio: Portfolio, words: str) -> None:
    on_web_track(portfolio, last_name="Ébrard", first_name="Éloïse", identifier="0009999Z")
    person(portfolio, "Petit", "Nour")
    assert names(adviser, f"?q={words}") == ["Ébrard"]


@pytest.mark.parametrize("words", ["%", "_", "zzz", "ebrard petit"])
def test_search_finds_nobody_else(adviser: Client, portfolio: Portfolio, words: str) -> None:
    person(portfolio, "Ébrard")
    page = adviser.get(URL, {"q": words})
    assert page.context["listing"].cases == []
    assert "Personne ne correspond" in page.content.decode()


@pytest.mark.parametrize("query", ["?tri=--nom", "?besoin=x", "?portefeuille=x"])
def test_an_address_that_does_not_parse_filters_nothing(adviser: Client, portfolio: Portfolio, query: str) -> None:
    person(portfolio, "Petit")
    assert names(adviser, query) == ["Petit"]


def test_a_search_as_one_types_gets_the_list_alone(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Petit")
    part = adviser.get(URL, headers=HTMX).content.decode()
    assert "<h1" not in part
    assert "Petit" in part
    back = adviser.get(URL, headers={**HTMX, "HX-History-Restore-Request": "true"}).content.decode()
    assert "<h1" in back


def test_the_answer_as_one_types_names_whom_to_show_and_holds_no_row(adviser: Client, portfolio: Portfolio) -> None:
    """Kind: an answer as heavy as the whole page, for each letter that is typed."""
    near, exact, other = person(portfolio, "Dupont"), person(portfolio, "Dupond"), person(portfolio, "Petit")
    typing = {**HTMX, "HX-Target": "personnes-trouvees"}
    part = adviser.get(URL + "?q=dupond", headers=typing).content.decode()
    assert f'data-found="{exact.pk} {near.pk} " data-near="{near.pk} "' in part
    assert "<tr" not in part
    assert "2 personnes sur 3" in part
    # The filters with their counts come only where their menu is open.
    assert 'id="personnes-choix"' not in part
    assert 'id="personnes-choix"' in adviser.get(URL + "?q=dupond&choix=1", headers=typing).content.decode()
    # The whole page holds everybody, and hides whom the search leaves out.
    page = adviser.get(URL + "?q=dupond").content.decode()
    assert page.count('<tr role="row">') == 3  # the headings, and two people
    assert page.count('<tr role="row" hidden>') == 1
    assert f'value="{other.pk}"' in page.partition('<tr role="row" hidden>')[2]


def test_a_kind_of_need_filters_and_counts(adviser: Client, portfolio: Portfolio) -> None:
    now = timezone.now()
    person(portfolio, "Deux", awaiting_reply_since=now, callback_due_at=now + timedelta(days=1))
    person(portfolio, "Un", awaiting_reply_since=now)
    person(portfolio, "Calme")
    assert sorted(names(adviser, "?besoin=reponse")) == ["Deux", "Un"]
    assert names(adviser, "?besoin=rappel") == ["Deux"]
    choices = {choice.label: choice for choice in adviser.get(URL + "?besoin=reponse").context["listing"].need_choices}
    assert {label: choice.count for label, choice in choices.items()} == {"Sans réponse": 2, "Rappels à faire": 1}
    assert choices["Sans réponse"].address == "?"
    assert choices["Rappels à faire"].address == "?besoin=rappel"


def test_who_has_not_accepted_yet_is_shown_so(adviser: Client, portfolio: Portfolio) -> None:
    validated(portfolio, last_name="Accepter")
    assert "En attente d&#x27;acceptation" in adviser.get(URL).content.decode()
    assert names(adviser, "?besoin=acceptation") == ["Accepter"]


def test_a_choice_of_portfolio_comes_with_the_second_one(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Web")
    assert adviser.get(URL).context["listing"].portfolio_choices == []
    classic = PortfolioFactory(adviser=portfolio.adviser, modality=Modality.GUIDE)
    placed(classic, last_name="Classique")
    cover = CoverFactory(colleague=portfolio.adviser, portfolio=PortfolioFactory(agency=portfolio.agency))
    person(cover.portfolio, "Relais")
    choices = {choice.label: choice.count for choice in adviser.get(URL).context["listing"].portfolio_choices}
    assert choices == {"Tous": 3, "Guidé": 1, "Guidé 100\u00a0% web": 1, f"Relais pour {cover.portfolio.adviser}": 1}
    assert names(adviser, f"?portefeuille={classic.pk}") == ["Classique"]
    assert names(adviser, f"?portefeuille={cover.portfolio.pk}") == ["Relais"]


def test_a_portfolio_that_is_neither_own_nor_covered_is_not_there(adviser: Client, portfolio: Portfolio) -> None:
    other = PortfolioFactory(agency=portfolio.agency)
    assert adviser.get(URL, {"portefeuille": other.pk}).status_code == 404
    CoverFactory(colleague=portfolio.adviser, portfolio=other)
    assert adviser.get(URL, {"portefeuille": other.pk}).status_code == 200


def test_only_the_people_of_now_are_on_it(adviser: Client, portfolio: Portfolio) -> None:
    person(PortfolioFactory(agency=portfolio.agency), "Ailleurs")
    gone = person(portfolio, "Parti")
    person(portfolio, "Reste")
    with transaction.atomic():
        end_placement(actor=None, jobseeker=gone, reason=PlacementEnd.LEFT, at=timezone.now() + timedelta(seconds=1))
    assert names(adviser) == ["Reste"]


def test_it_is_an_adviser_s_page(client: Client, portfolio: Portfolio) -> None:
    assert client.get(URL).status_code == 302
    client.force_login(on_web_track(portfolio).user)
    assert client.get(URL).status_code == 403
    client.force_login(AdviserUserFactory())
    assert client.get(URL).status_code == 404


@pytest.mark.parametrize("people", [3, 40])
def test_the_page_costs_the_same_whatever_its_size(
    adviser: Client, portfolio: Portfolio, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    CoverFactory(portfolio=portfolio)
    for number in range(people):
        on_web_track(portfolio)
        if number % 2:
            write_summary(jobseeker_id=portfolio.placements.last().jobseeker_id, awaiting_reply_since=timezone.now())
    with django_assert_num_queries(8):  # session, account, adviser, portfolios, covers, people, views, what waits
        assert len(adviser.get(URL).context["listing"].cases) == people
