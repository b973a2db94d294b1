"""One table of examples for each kind of words that the French module writes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accompaniment import french
from accompaniment.templatetags.french import french_date
from accompaniment.templatetags.french import plural as plural_filter

PARIS = ZoneInfo("Europe/Paris")
REUNION = ZoneInfo("Indian/Reunion")
MARTINIQUE = ZoneInfo("America/Martinique")


def spaces(words: str) -> str:
    return words.replace(french.NO_BREAK, " ")


@pytest.mark.parametrize(
    ("day", "style", "words"),
    [
        (date(2026, 10, 1), "j F Y", "1er octobre 2026"),
        (date(2026, 12, 1), "l j F", "mardi 1er décembre"),
        (date(2027, 2, 28), "l j F", "dimanche 28 février"),
        (date(2026, 10, 11), "j F Y", "11 octobre 2026"),
        (date(2026, 7, 1), "j N Y", "1er juil. 2026"),
        (date(2026, 7, 1), "j\u00a0N Y", "1er\u00a0juil.\u00a02026"),
        (date(2026, 10, 2), "j N", "2 oct."),
        (date(2026, 12, 1), "D j", "mar. 1er"),
        (date(2026, 12, 1), "F Y", "décembre 2026"),
        (date(2026, 12, 1), "d/m/Y", "01/12/2026"),
    ],
)
def test_days(day: date, style: str, words: str) -> None:
    assert french_date(day, style) == words


def test_no_day_is_no_words() -> None:
    assert french_date(None, "j F Y") == ""


def test_a_style_that_writes_hours_is_refused() -> None:
    """« 1er h 04 » came from a style of days that was made to write the hour as well."""
    with pytest.raises(KeyError):
        french_date(date(2026, 12, 1), r"j F à G \h i")


@pytest.mark.parametrize(
    ("wall", "words"), [((16, 0), "16 h"), ((9, 5), "9 h 05"), ((0, 0), "0 h"), ((1, 4), "1 h 04"), ((9, 30), "9 h 30")]
)
def test_hours(wall: tuple[int, int], words: str) -> None:
    assert spaces(french.hour_in_words(time(*wall))) == words
    assert " " not in french.hour_in_words(time(*wall))


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (PARIS, "heure de Paris"),
        (REUNION, "heure de La Réunion"),
        (MARTINIQUE, "heure de la Martinique"),
        (ZoneInfo("Asia/Ho_Chi_Minh"), "heure de Ho Chi Minh"),
    ],
)
def test_zones(zone: ZoneInfo, words: str) -> None:
    assert french.zone_in_words(zone) == words


@pytest.mark.parametrize(
    ("reader", "other", "words"),
    [
        (PARIS, PARIS, "mardi 1er décembre à 23 h 30"),
        (PARIS, ZoneInfo("Europe/Brussels"), "mardi 1er décembre à 23 h 30"),
        (PARIS, REUNION, "mardi 1er décembre à 23 h 30 (heure de Paris)"),
        (REUNION, PARIS, "mercredi 2 décembre à 2 h 30 (heure de La Réunion)"),
        (REUNION, REUNION, "mercredi 2 décembre à 2 h 30"),
        (MARTINIQUE, PARIS, "mardi 1er décembre à 18 h 30 (heure de la Martinique)"),
    ],
)
def test_a_moment_is_said_on_the_reader_s_clock_and_named_when_the_other_differs(
    reader: ZoneInfo, other: ZoneInfo, words: str
) -> None:
    at = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
    assert spaces(french.moment_there(at, zone=reader, others=[reader, other])) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "1 h 59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "3 h"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2 h 30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2 h 30"),
    ],
)
def test_hours_of_the_two_days_of_clock_change(at: datetime, words: str) -> None:
    assert spaces(french.hour_there(at, zone=PARIS)) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "moins d'une minute"),
        (59, "59 min"),
        (60, "1 h"),
        (31 * 60, "31 h"),
        (72 * 60, "72 h"),
        (80 * 60, "3 jours"),
        (100 * 60, "4 jours"),
        (7200, "5 jours"),
    ],
)
def test_durations(minutes: int, words: str) -> None:
    """The portfolio said 3 jours where the messages said 80 h."""
    assert spaces(french.duration_in_words(timedelta(minutes=minutes))) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 jour"), (1, "1 jour"), (2, "2 jours"), (12, "12 jours")])
def test_counts(count: int, words: str) -> None:
    assert spaces(french.days_in_words(count)) == words


@pytest.mark.parametrize(
    ("count", "forms", "ending"),
    [
        (0, "s", ""),
        (1, "s", ""),
        (2, "s", "s"),
        (0, "a,ont", "a"),
        (2, "a,ont", "ont"),
        (0, ",ent", ""),
        (2, "x", "x"),
        ([], "s", ""),
        ([1, 2], "s", "s"),
        (None, "s", ""),
    ],
)
def test_none_and_one_are_singular(count: object, forms: str, ending: str) -> None:
    assert plural_filter(count, forms) == ending


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Odile Grandjean", "d'Odile Grandjean"),
        ("Élodie", "d'Élodie"),
        ("Hélène Marchetti", "d'Hélène Marchetti"),
        ("Hassan Bey", "de Hassan Bey"),
        ("Harry", "de Harry"),
        ("Yves", "d'Yves"),
        ("Yann", "de Yann"),
        ("Œdipe", "d'Œdipe"),
        ("Marie-Odile", "de Marie-Odile"),
        ("Henri-Paul", "d'Henri-Paul"),
        ("", "de "),
    ],
)
def test_de_before_a_name_is_elided(name: str, words: str) -> None:
    assert french.of_name(name) == words
