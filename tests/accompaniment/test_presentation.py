"""Facts as sentences."""

from datetime import date

import pytest

from accompaniment.enums import Channel, ContactNature, Tier
from accompaniment.rules.presentation import (
    contact_plan_in_words,
    day_in_words,
    obstacle_in_words,
)

TODAY = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 3), "3 mars"),
        (date(2026, 3, 1), "1er mars"),
        (date(2027, 3, 1), "1er mars 2027"),
        (date(2025, 12, 31), "31 décembre 2025"),
    ],
)
def test_a_day_has_its_year_only_when_it_is_another_one(day: date, words: str) -> None:
    assert day_in_words(day, today=TODAY) == words


def test_a_contact_plan_is_one_sentence() -> None:
    assert (
        contact_plan_in_words(channel=Channel.VIDEO, interval_days=28, review_on=date(2026, 3, 3), today=TODAY)
        == "Un entretien en visio toutes les 4 semaines, à revoir le 3 mars"
    )


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("nature", ContactNature)
def test_every_nature_and_channel_has_words(nature: ContactNature, channel: Channel) -> None:
    sentence = contact_plan_in_words(
        nature=nature, channel=channel, interval_days=7, review_on=date(2026, 3, 3), today=TODAY
    )
    assert sentence.endswith("chaque semaine, à revoir le 3 mars")


@pytest.mark.parametrize(
    ("obstacle", "opens_on", "words"),
    [
        ("modalite", None, "est «\u00a0suivi\u00a0»"),
        ("region", None, "n'a pas encore de date d'ouverture"),
        ("region", date(2026, 7, 1), "ouvre dans votre région le 1er juillet."),
        ("email", None, "votre adresse e-mail"),
    ],
)
def test_what_stands_in_the_way_is_said_plainly(obstacle: str, opens_on: date | None, words: str) -> None:
    assert words in obstacle_in_words(obstacle, tier=Tier.SUIVI, opens_on=opens_on, today=TODAY)
