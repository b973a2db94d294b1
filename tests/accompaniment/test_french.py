from datetime import date

import pytest

from accompaniment.templatetags.french import french_date


@pytest.mark.parametrize(
    ("day", "style", "words"),
    [
        (date(2026, 10, 1), "j F Y", "1er octobre 2026"),
        (date(2026, 10, 1), "l j F", "jeudi 1er octobre"),
        (date(2026, 10, 11), "j F Y", "11 octobre 2026"),
        (date(2026, 7, 1), "j\u00a0N Y", "1er\u00a0juil. 2026"),
        (date(2026, 10, 2), "j N", "2 oct."),
    ],
)
def test_the_first_of_the_month_is_an_ordinal(day: date, style: str, words: str) -> None:
    assert french_date(day, style) == words


def test_no_day_is_no_words() -> None:
    assert french_date(None, "j F Y") == ""
