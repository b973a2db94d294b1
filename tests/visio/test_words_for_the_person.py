"""Words of the staff are not shown to the person: what the person reads is written for the person."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from tests.messaging.factories import pair, say
from visio.enums import NextStep
from visio.models import InterviewReport

pytestmark = pytest.mark.django_db

STAFF_WORDS = re.compile(
    r"modalité|portefeuille|classique|échéance|cadence|la personne(?! déléguée)|relais|affectation|adhésion"
    r"|plan de contact",
    re.IGNORECASE,
)
"""Words of the glossary that a jobseeker never reads."""

PAGES = ("space", "my_accompaniment", "my_interviews", "own_data", "personal_data")


def test_no_staff_word_on_the_pages_of_the_person(client: Client) -> None:
    """Kind: a label of the staff that is shown to the person."""
    two = pair()
    say(two.conversation, two.person, "Bonjour")
    client.force_login(two.person)
    for name in PAGES:
        page = unescape(strip_tags(client.get(reverse(name)).content.decode()))
        assert not STAFF_WORDS.findall(page), name
    assert "Vous avez écrit." in client.get(reverse("my_accompaniment")).content.decode()


def test_who_wrote_first_is_told_by_name(client: Client) -> None:
    two = pair()
    say(two.conversation, two.adviser, "Bonjour")
    client.force_login(two.person)
    assert f"{two.adviser.full_name} vous a écrit." in client.get(reverse("my_accompaniment")).content.decode()


@pytest.mark.parametrize("step", NextStep)
def test_each_next_step_has_a_sentence_for_the_person(step: NextStep) -> None:
    report = InterviewReport(next_step=step.value)
    assert report.next_step_told
    assert report.next_step_told != step.label
    assert not STAFF_WORDS.findall(report.next_step_told)
