"""A refused form says so everywhere in the same way: title, summary, links that lead to the field, the field itself."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.accompaniment.factories import consent_text_in_force
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """The ids of a page, its fields, and the links of its summary of errors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: dict[str, dict[str, str | None]] = {}
        self.invalid: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.summaries = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("id"):
            self.ids[str(known["id"])] = known
        self.summaries += "data-error-summary" in known
        if known.get("aria-invalid") == "true":
            self.invalid.append(known)
        href = known.get("href") or ""
        if tag == "a" and re.match(r"#id_|#[a-z]+-", href) and self.summaries:
            self.links.append(href[1:])


def as_jobseeker(name: str) -> Any:
    def place(client: Client) -> str:
        person = on_web_track(PortfolioFactory())
        client.force_login(person.user)
        return reverse(name)

    return place


def as_adviser(name: str) -> Any:
    def place(client: Client) -> str:
        portfolio = PortfolioFactory()
        person = on_web_track(portfolio)
        client.force_login(portfolio.adviser.user)
        return reverse(name, args=[person.pk])

    return place


def as_manager(name: str) -> Any:
    def place(client: Client) -> str:
        client.force_login(ManagerFactory().user)
        return reverse(name)

    return place


def acceptance(client: Client) -> str:
    consent_text_in_force()
    client.force_login(validated(PortfolioFactory(), with_account=True).jobseeker.user)
    return reverse("acceptance")


FORMS: dict[str, tuple[Any, dict[str, str]]] = {
    "acceptance": (acceptance, {"version": "1"}),
    "plan_wish": (as_jobseeker("ask_plan_change"), {}),
    "my_phone": (as_jobseeker("my_phone"), {}),
    "change_address": (as_jobseeker("change_address"), {}),
    "password_change": (as_jobseeker("password_change"), {}),
    "change_plan": (as_adviser("person_plan"), {}),
    "tier": (as_adviser("person_tier"), {"tier": "renforce", "period": "1"}),
    "invite": (as_manager("invite"), {}),
    "consent_texts": (as_manager("consent_texts"), {"after": "1"}),
    "capacities": (as_manager("capacities"), {}),
    "lapse_delays": (as_manager("lapse_delays"), {}),
    "imports": (as_manager("imports"), {"kind": "agencies"}),
}


@pytest.mark.parametrize(("place", "typed"), FORMS.values(), ids=list(FORMS))
def test_a_form_sent_empty_says_where_each_error_is(client: Client, place: Any, typed: dict[str, str]) -> None:
    address = place(client)
    assert "<title>Erreur" not in client.get(address).content.decode()
    response = client.post(address, {"csrfmiddlewaretoken": "", **typed})
    text = response.content.decode()
    page = Page(text)
    assert response.status_code == 422
    assert "<title>Erreur – " in text
    # A server cuts a page that is longer than it says, and the request never ends.
    assert int(response["Content-Length"]) == len(response.content)
    assert page.summaries == 1
    assert page.links
    for target in page.links:
        assert target in page.ids, target
    assert page.invalid
    for field in page.invalid:
        described = str(field.get("aria-describedby") or "").split()
        group = page.ids.get(str(field["name"] and f"id_{field['name']}"), {})
        described += str(group.get("aria-labelledby") or "").split()
        assert any(name.endswith("_error") for name in described), field
        label = re.search(rf'<label[^>]*for="{field.get("id")}"[^>]*>(.*?)</label>', text, re.DOTALL)
        assert label is None or "(facultatif)" not in label[1]


def test_the_same_text_is_refused_before_it_is_read_again(client: Client) -> None:
    """The preview of a text that nobody changed would lead to a refusal; one changed word leads to the preview."""
    text = consent_text_in_force()
    client.force_login(ManagerFactory().user)
    typed = {"after": text.version, "title": text.title, "body": text.body, "step": "relire"}
    refused = client.post(reverse("consent_texts"), typed)
    assert refused.status_code == 422
    assert "celui de la version en vigueur" in refused.content.decode()
    assert client.post(reverse("consent_texts"), {**typed, "body": f"{text.body} Oui."}).status_code == 200


def test_no_role_is_chosen_before_somebody_chooses(client: Client) -> None:
    """The kind: a choice that must be made, and that the page makes in silence."""
    client.force_login(ManagerFactory().user)
    page = client.get(reverse("invite")).content.decode()
    assert not re.search(r'name="role"[^>]*checked', page)
