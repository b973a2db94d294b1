"""The French module, tested with one table of examples for each kind of words."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template

from accompaniment.rules import french
from accompaniment.templatetags.french import french_date, kept_day, kept_days, to
from accompaniment.templatetags.french import number as number_filter
from accompaniment.templatetags.french import plural as plural_filter
from tests import french_examples as examples
from tests.french_examples import PARIS, spaces


@pytest.mark.parametrize(("day", "style", "words"), examples.DAYS)
def test_days(day: date, style: str, words: str) -> None:
    written = french_date(day, style)
    assert spaces(written) == words
    assert (french.NO_BREAK in written) == (french.NO_BREAK in style)


def test_no_day_is_no_words() -> None:
    assert french_date(None, "j F Y") == ""


def test_a_style_that_writes_hours_is_refused() -> None:
    """« 1er h 04 » came from a date style that was also used to write the hour."""
    with pytest.raises(KeyError):
        french_date(date(2026, 12, 1), r"j F à G \h i")


@pytest.mark.parametrize(("first", "last", "style", "words"), examples.STRETCHES_OF_DAYS)
def test_stretches_of_days_say_once_what_both_ends_share(first: date, last: date, style: str, words: str) -> None:
    assert french.days_from_to(first, last, style) == words
    assert french_date(to(first, last), style) == words


def test_a_stretch_has_its_year_only_when_it_is_another_one() -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 3)
    assert french.stretch_in_words(first, last, today=date(2026, 11, 1)) == "du 1er au 3 décembre"
    assert french.stretch_in_words(first, last, today=date(2027, 1, 1)) == "du 1er au 3 décembre 2026"


def test_a_letter_writes_the_days_that_its_notification_keeps_and_leaves_words_as_they_are() -> None:
    """Notifications of an earlier release contain the words themselves."""
    assert kept_day("2026-12-01", "l j F") == "mardi 1er décembre"
    assert kept_day("mardi 1er décembre", "l j F") == "mardi 1er décembre"
    assert kept_days("2026-12-01", "2026-12-03") == "du 1er au 3 décembre 2026"
    assert kept_days("1er décembre", "3 décembre") == "du 1er décembre au 3 décembre"


@pytest.mark.parametrize(("wall", "words"), examples.HOURS)
def test_hours(wall: time, words: str) -> None:
    assert spaces(french.hour_in_words(wall)) == words
    assert " " not in french.hour_in_words(wall)


@pytest.mark.parametrize(("zone", "words"), examples.ZONES)
def test_zones(zone: ZoneInfo, words: str) -> None:
    assert french.zone_in_words(zone) == words


@pytest.mark.parametrize(("reader", "other", "words"), examples.MOMENTS)
def test_a_moment_is_said_on_the_reader_s_clock_and_named_when_the_other_differs(
    reader: ZoneInfo, other: ZoneInfo, words: str
) -> None:
    said = french.moment_there(examples.AT, zone=reader, others=[reader, other], style="l j F Y")
    assert spaces(said) == words


@pytest.mark.parametrize(("at", "words"), examples.CLOCK_CHANGES)
def test_hours_of_the_two_days_of_clock_change(at: datetime, words: str) -> None:
    assert spaces(french.hour_there(at, zone=PARIS)) == words


@dataclass
class Stretch:
    weekday: int
    opens_at: time
    closes_at: time


def test_days_with_the_same_hours_are_said_together() -> None:
    morning = [Stretch(day, time(9), time(12, 30)) for day in range(5)]
    afternoon = [Stretch(day, time(13, 30), time(17)) for day in range(4)]
    saturday = [Stretch(5, time(10), time(12))]
    assert [spaces(line) for line in french.opening_hours_in_lines([*saturday, *afternoon, *morning])] == [
        "Du lundi au jeudi : 9 h – 12 h 30 et 13 h 30 – 17 h",
        "Le vendredi : 9 h – 12 h 30",
        "Le samedi : 10 h – 12 h",
    ]


def test_two_days_in_a_row_are_named_and_no_hours_say_nothing() -> None:
    week = [Stretch(0, time(8, 30), time(12)), Stretch(1, time(8, 30), time(12)), Stretch(4, time(9), time(16))]
    assert (
        spaces(french.opening_hours_in_words(week)) == "le lundi et le mardi, 8 h 30 – 12 h ; le vendredi, 9 h – 16 h"
    )
    assert french.opening_hours_in_words([]) == ""
    assert french.opening_hours_in_lines([]) == []


@pytest.mark.parametrize(("span", "words"), examples.DURATIONS)
def test_durations(span: timedelta, words: str) -> None:
    """Kind: one duration in two ways. The portfolio said 3 jours and the messages 80 h."""
    assert spaces(french.duration_in_words(span)) == words


@pytest.mark.parametrize(("span", "words"), examples.DELAYS)
def test_delays_in_a_sentence_are_written_out(span: timedelta, words: str) -> None:
    assert spaces(french.delay_in_words(span)) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 jour"), (1, "1 jour"), (2, "2 jours"), (12, "12 jours")])
def test_numbers_of_days(count: int, words: str) -> None:
    assert spaces(french.days_in_words(count)) == words


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (date(2026, 3, 4), "0 jour"),
        (date(2026, 3, 3), "1 jour"),
        (date(2026, 2, 5), "27 jours"),
        (date(2026, 2, 4), "1 mois"),
        (date(2025, 12, 31), "2 mois"),
        (date(2024, 3, 5), "23 mois"),
        (date(2024, 3, 4), "2 ans"),
        (date(2021, 3, 5), "4 ans"),
    ],
)
def test_an_age_is_said_in_whole_units(first: date, words: str) -> None:
    assert spaces(french.age_in_words(first, today=date(2026, 3, 4))) == words


@pytest.mark.parametrize(("interval_days", "words"), examples.FREQUENCIES)
def test_a_frequency_is_said_in_the_largest_unit_that_fits(interval_days: int, words: str) -> None:
    assert french.frequency_in_words(interval_days) == words


@pytest.mark.parametrize(("count", "words"), examples.NUMBERS)
def test_numbers(count: int, words: str) -> None:
    assert spaces(number_filter(count)) == words
    assert " " not in number_filter(count)


def test_what_is_told_instead_of_a_count_stays_as_it_is() -> None:
    assert number_filter("masqué") == "masqué"


@pytest.mark.parametrize(("count", "forms", "ending"), examples.ENDINGS)
def test_none_and_one_are_singular(count: int, forms: str, ending: str) -> None:
    assert french.plural(count, forms) == ending


@pytest.mark.parametrize(("things", "ending"), [([], ""), ([1, 2], "s"), (None, "")])
def test_what_can_be_counted_has_an_ending(things: list[int] | None, ending: str) -> None:
    assert plural_filter(things) == ending


@pytest.mark.parametrize(("length", "most", "words"), examples.EXCESSES)
def test_a_text_that_is_too_long_says_by_how_much(length: int, most: int, words: str) -> None:
    assert spaces(french.excess_in_words(length, most=most)) == words


@pytest.mark.parametrize(("size", "words"), examples.SIZES)
def test_sizes_are_said_in_the_units_of_their_limit(size: int, words: str) -> None:
    assert spaces(french.size_in_words(size)) == words


@pytest.mark.parametrize(("things", "words"), examples.LISTS)
def test_lists(things: list[str], words: str) -> None:
    assert french.listed(things) == words
    assert Template("{{ things|listed }}").render(Context({"things": things})) == words


@pytest.mark.parametrize(("name", "of", "than"), examples.NAMES)
def test_de_and_que_before_a_name_are_elided(name: str, of: str, than: str) -> None:
    assert french.of_name(name) == of
    assert french.than_name(name) == than


@pytest.mark.parametrize(
    ("shown", "what"),
    [
        ("Entretien à 18:07", "an hour with a colon"),
        ("de 16\u00a0h\u00a000 à 17\u00a0h", "a whole hour with its minutes"),
        ("72 h dépassées", "an hour that a line may cut"),
        ("mardi 1 décembre", "the first of a month without its ending"),
        ("depuis le 01/12/2026", "a day in figures"),
        ("Relais de Odile", "« de » or « que » before a vowel"),
        ("0 places", "none or one in the plural"),
        ("1 personnes", "none or one in the plural"),
        ("10,0\u00a0Kio", "another system's unit"),
    ],
)
def test_each_wrong_shape_is_found_where_it_is_shown(shown: str, what: str) -> None:
    """The patterns that the walks over the pages look for are the spellings used before there was one module."""
    assert [found.partition(": ")[0] for found in examples.wrong_words(shown)] == [what]


@pytest.mark.parametrize(
    "shown",
    [
        "mardi 1er décembre à 9\u00a0h\u00a005, aucune personne, 1\u00a0200 personnes, 10\u00a0Mo, 72\u00a0h",
        "Relais d'Odile, de Yann et de Hassan Bey, du 1er au 3 décembre, 0 personne, 11 décembre, 100 places",
    ],
)
def test_what_the_module_writes_is_no_wrong_shape(shown: str) -> None:
    assert list(examples.wrong_words(shown)) == []
