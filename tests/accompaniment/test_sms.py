"""What an SMS costs, which numbers get one, and what its one sentence says."""

import pytest
from django.conf import settings

from accompaniment.enums import NotificationKind, Topic
from accompaniment.rules.imports.telephones import takes_sms
from accompaniment.rules.notices import ALERTS, TOPICS, alert_of
from accompaniment.rules.sms import short_message
from tests.messaging.notifications import CONTEXTS


@pytest.mark.parametrize(
    ("text", "is_gsm", "parts"),
    [
        ("a" * 160, True, 1),
        ("a" * 161, True, 2),
        ("a" * 306, True, 2),
        ("a" * 307, True, 3),
        ("€" * 80, True, 1),  # each takes two places
        ("€" * 81, True, 2),
        ("й" * 70, False, 1),
        ("й" * 71, False, 2),
        ("й" * 134, False, 2),
        ("й" * 135, False, 3),
        ("😀" * 35, False, 1),  # each takes two places
        ("😀" * 36, False, 2),
    ],
)
def test_parts_are_counted_as_operators_count_them(text: str, is_gsm: bool, parts: int) -> None:
    message = short_message(text)
    assert (message.is_gsm, message.parts) == (is_gsm, parts)


def test_typography_and_rare_accents_cost_no_other_alphabet() -> None:
    message = short_message("Le 1er août, à 9\u00a0h\u00a0: «\u00a0être reçu\u00a0», l’hôtel – œuvre…")
    assert message.text == 'Le 1er aout, à 9 h : " etre recu ", l\'hotel - oeuvre...'
    assert message.is_gsm


@pytest.mark.parametrize(
    ("number", "gets", "also_with_belgium"),
    [
        ("+33612345678", True, True),
        ("+33123456789", False, False),  # a landline
        ("+262692123456", True, True),
        ("+262693123456", True, True),  # newer than the library's plan
        ("+262262123456", False, False),
        ("+590690123456", True, True),
        ("+687751234", True, True),
        ("+32470123456", False, True),
        ("+3221234567", False, False),
        ("", False, False),
        ("06 12", False, False),
    ],
)
def test_an_sms_goes_to_french_mobiles_and_to_the_countries_that_are_set(
    number: str, gets: bool, also_with_belgium: bool
) -> None:
    assert takes_sms(number) is gets
    assert takes_sms(number, others=frozenset({"BE"})) is also_with_belgium


def test_every_kind_has_a_topic_and_a_sentence_unless_it_is_of_the_account() -> None:
    assert set(TOPICS) == set(NotificationKind)
    assert set(ALERTS) == {kind for kind, topic in TOPICS.items() if topic != Topic.ACCOUNT}


@pytest.mark.parametrize("kind", sorted(ALERTS))
def test_a_sentence_fits_one_sms_and_tells_nothing_that_is_private(kind: NotificationKind) -> None:
    longest = {"day": "mercredi 23 septembre 2026", "hour": "16\u00a0h\u00a030", "beside": " (heure de La Réunion)"}
    sentence = alert_of(kind, {**CONTEXTS[kind], **{name: longest[name] for name in longest if name in CONTEXTS[kind]}})
    message = short_message(f"Accompagnement 100\u00a0% web\u00a0: {sentence} https://accompagnement.exemple.fr/")
    assert message.is_gsm
    assert message.parts == 1
    assert "{" not in sentence
    private = ("message", "reason", "answer", "adviser", "author", "first_name", "plan", "noted_by", "decided_by")
    told = [str(value) for name, value in CONTEXTS[kind].items() if name in private and value]
    assert not [one for one in told if one in sentence]


def test_the_demonstration_writes_sms_to_a_file() -> None:
    assert settings.SMS_GATEWAY == "file"
