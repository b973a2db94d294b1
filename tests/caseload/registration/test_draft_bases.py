"""A page of an interview that has not shown its draft, or cannot prove that it has: nothing is written over or lost.

The server signs what each page shows (`base`), with the page and with every answer to what the page keeps by itself.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accompaniment.models import Enrolment
from caseload.models import Placement, Portfolio
from tests.caseload.factories import volunteer
from tests.caseload.registration.page import (
    HTMX,
    address,
    answer_in,
    answers,
    base_of,
    base_on,
    draft,
    kept,
    text_of,
    typed,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def unread(
    request: pytest.FixtureRequest, adviser: Client, portfolio: Portfolio
) -> Callable[[Enrolment], dict[str, str]]:
    """What a page says of what it showed that has not shown this draft, though it may say so."""

    def base(enrolment: Enrolment) -> dict[str, str]:
        read = base_of(adviser, enrolment)
        return {
            "missing": {},
            "empty": {"base": ""},
            "unsigned": {"base": json.dumps({"situation": "De Luc", "tier": "suivi"})},
            "altered": {"base": f"{read[:-1]}{'A' if read[-1] != 'A' else 'B'}"},
            "of another person": {"base": base_of(adviser, volunteer(portfolio))},
        }[request.param]

    return base


every_unread = pytest.mark.parametrize(
    "unread", ["missing", "empty", "unsigned", "altered", "of another person"], indirect=True
)


def _without_base(page: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name != "base"}


def test_a_page_that_has_shown_it_writes_over_it(adviser: Client, colleague: Client, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    draft(colleague, enrolment, typed(portfolio, "", situation="De Luc", tier="suivi"))
    base = base_of(adviser, enrolment)
    saved = draft(adviser, enrolment, typed(portfolio, base, situation="D'Anne", tier="renforce"), **HTMX)
    assert (kept()["situation"], kept()["tier"]) == ("D'Anne", "renforce")
    assert "Luc Roy" not in text_of(saved)


@every_unread
def test_one_that_has_not_keeps_both_texts_and_the_first_answer_and_says_so(
    adviser: Client, colleague: Client, portfolio: Portfolio, unread: Callable[[Enrolment], dict[str, str]]
) -> None:
    enrolment = volunteer(portfolio)
    draft(colleague, enrolment, typed(portfolio, "", situation="De Luc", tier="suivi", notes="De Luc aussi"))
    page = typed(portfolio, "", situation="D'Anne", tier="renforce")
    saved = draft(adviser, enrolment, {**_without_base(page), **unread(enrolment)}, **HTMX)
    assert saved.status_code == 200
    stored = {"situation": "De Luc\n\nD'Anne", "tier": "suivi", "notes": "De Luc aussi"}
    assert {name: kept()[name] for name in stored} == stored
    told = text_of(saved)
    for said in (
        "écrit aussi par Luc Roy. Les deux textes sont gardés",
        "« Suivi » par Luc Roy, « Renforcé » ici. La première réponse est gardée",
        "Déjà enregistré par Luc Roy : Conclusion de l'entretien.",
    ):
        assert said in told
    assert "Changé entre-temps" not in told
    # The answer says what the page shows from now on.
    page |= {**stored, "situation": "Des deux", "base": answer_in(saved)["base"]}
    assert "Luc Roy" not in text_of(draft(adviser, enrolment, page, **HTMX))
    assert kept()["situation"] == "Des deux"


@every_unread
def test_it_goes_on_with_one_s_own_text_without_a_word(
    adviser: Client, portfolio: Portfolio, unread: Callable[[Enrolment], dict[str, str]]
) -> None:
    """As after a deployment that changed the key: the page was open before, and everything on it is one's own."""
    enrolment = volunteer(portfolio)
    draft(adviser, enrolment, typed(portfolio, "", situation="De ma main"))
    page = _without_base(typed(portfolio, "", situation="De ma main, et plus"))
    saved = draft(adviser, enrolment, {**page, **unread(enrolment)}, **HTMX)
    assert kept()["situation"] == "De ma main, et plus"
    assert answer_in(saved)["news"] == {}


@every_unread
def test_it_concludes_only_once_it_has(
    adviser: Client, colleague: Client, portfolio: Portfolio, unread: Callable[[Enrolment], dict[str, str]]
) -> None:
    enrolment = volunteer(portfolio)
    draft(colleague, enrolment, typed(portfolio, "", notes="De Luc"))
    refused = adviser.post(address(enrolment), {**answers(portfolio), **unread(enrolment)})
    assert refused.status_code == 409
    assert "Cette page n'est plus à jour." in text_of(refused)
    assert "Déjà enregistré par Luc Roy : Conclusion de l'entretien." in text_of(refused)
    assert not Placement.objects.exists()
    again = {**answers(portfolio, notes="De Luc"), "base": base_on(refused)}
    assert adviser.post(address(enrolment), again).status_code == 302
