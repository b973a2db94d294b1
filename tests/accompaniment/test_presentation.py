"""Facts as sentences."""

from dataclasses import dataclass
from datetime import date, time

import pytest

from accompaniment.enums import Channel, ContactNature, Tier
from accompaniment.presentation import (
    contact_plan_in_words,
    day_in_words,
    frequency_in_words,
    obstacle_in_words,
    opening_hours_in_words,
)

TODAY = date(2026, 1, 15)


@dataclass
class Stretch:
    weekday: int
    opens_at: time
    closes_at: time


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


@pytest.mark.parametrize(
    ("interval_days", "words"),
    [
        (7, "chaque semaine"),
        (14, "toutes les 2 semaines"),
        (28, "toutes les 4 semaines"),
        (30, "chaque mois"),
        (90, "tous les 3 mois"),
        (45, "tous les 45 jours"),
    ],
)
def test_a_frequency_is_said_in_the_largest_unit_that_fits(interval_days: int, words: str) -> None:
    assert frequency_in_words(interval_days) == words


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


def test_days_with_the_same_hours_are_one_line() -> None:
    morning = [Stretch(day, time(9), time(12, 30)) for day in range(5)]
    afternoon = [Stretch(day, time(13, 30), time(17)) for day in range(4)]
    saturday = [Stretch(5, time(10), time(12))]
    assert [line.replace("\u00a0", " ") for line in opening_hours_in_words([*saturday, *afternoon, *morning])] == [
        "Du lundi au jeudi : 9 h–12 h 30 et 13 h 30–17 h",
        "Le vendredi : 9 h–12 h 30",
        "Le samedi : 10 h–12 h",
    ]


def test_two_days_in_a_row_are_named_and_no_hours_say_nothing() -> None:
    assert opening_hours_in_words([Stretch(0, time(9), time(12)), Stretch(1, time(9), time(12))]) == [
        "Le lundi et le mardi : 9\u00a0h–12\u00a0h"
    ]
    assert opening_hours_in_words([]) == []


@pytest.mark.parametrize(
    ("obstacle", "opens_on", "words"),
    [
        ("modalite", None, "La vôtre est « suivi »"),
        ("region", None, "n'a pas encore de date d'ouverture"),
        ("region", date(2026, 7, 1), "ouvre dans votre région le 1er juillet."),
        ("email", None, "votre adresse e-mail"),
    ],
)
def test_what_stands_in_the_way_is_said_plainly(obstacle: str, opens_on: date | None, words: str) -> None:
    assert words in obstacle_in_words(obstacle, tier=Tier.SUIVI, opens_on=opens_on, today=TODAY)
