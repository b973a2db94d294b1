"""A search that cannot be read says so and finds nobody. It never shows everybody, as if nothing had been typed."""

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.forms.fields import LONGEST
from tests.caseload.factories import PortfolioFactory, volunteer
from tests.messaging.factories import pair, say

pytestmark = pytest.mark.django_db

SEARCHES = ("conversations", "my_portfolio", "registrations", "record_wish")


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("by_htmx", [False, True])
def test_what_is_too_long_is_refused_with_a_sentence_and_kept(client: Client, name: str, by_htmx: bool) -> None:
    portfolio = PortfolioFactory()
    talk = pair(portfolio, last_name="Lefèvre")
    person = talk.jobseeker
    waiting = volunteer(portfolio, last_name="Lefèvre").jobseeker
    say(talk.conversation, talk.person, "Bonjour")
    client.force_login(portfolio.adviser.user)
    headers = {"HX-Request": "true"} if by_htmx else {}
    typed = "Lefèvre " + "x" * LONGEST
    text = unescape(client.get(reverse(name), {"q": typed}, headers=headers).content.decode())
    assert f"La recherche est trop longue\u00a0: 8 caractères de trop\u00a0: {LONGEST} au plus." in text
    assert person.identifier not in text
    assert waiting.identifier not in text
    assert "Bonjour" not in text
    if not by_htmx:
        assert f'value="{typed}"' in text
    fitting = unescape(client.get(reverse(name), {"q": "Lefèvre".ljust(LONGEST)}, headers=headers).content.decode())
    assert "trop longue" not in fitting
    assert "Lefèvre" in fitting
