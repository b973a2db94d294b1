"""Numbers, days and instants from outside: one function reads each, and none overflows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.forms.fields import DayField, NumberField
from accompaniment.rules.parsing import LARGEST_NUMBER, day_in, instant_in, is_plain, number_in, numbers_in

BROAD = timedelta(days=366 * 20)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), (str(LARGEST_NUMBER), LARGEST_NUMBER)])
def test_a_number_that_a_row_can_have_is_read(text: str, number: int) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1\n", "1_0", "1.0", "٣", "²", "1" * 20, "9" * 5_000, str(LARGEST_NUMBER + 1), "1\0"]
)
def test_what_is_no_number_of_a_row_is_none(text: str) -> None:
    assert number_in(text) is None
    assert numbers_in([text, "5", text]) == [5]


def test_a_bound_of_ones_own_is_kept() -> None:
    assert number_in("10", largest=10) == 10
    assert number_in("11", largest=10) is None


@pytest.mark.parametrize(("text", "day"), [("2013-12-02", date(2013, 12, 2)), ("1900-01-01", date(1900, 1, 1))])
def test_a_day_is_read(text: str, day: date) -> None:
    assert day_in(text) == day


@pytest.mark.parametrize(
    "text", ["", "0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "02/12/2013", "2013-02-30", "9" * 5_000]
)
def test_what_is_no_day_of_ours_is_none(text: str) -> None:
    assert day_in(text) is None


def test_an_instant_is_read_in_utc() -> None:
    assert instant_in("2013-12-02T10:00:00+01:00") == datetime(2013, 12, 2, 9, tzinfo=UTC)
    assert instant_in("2013-12-02T10:00:00+23:59") == datetime(2013, 12, 1, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "2013-12-02T10:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2013-12-02", "x" * 5_000],
)
def test_what_is_no_instant_of_ours_is_none(text: str) -> None:
    assert instant_in(text) is None


@given(st.text() | st.dates().map(str) | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()))
def test_whatever_comes_what_is_read_can_be_reckoned_with(text: str) -> None:
    for found in (day_in(text), instant_in(text)):
        if found is not None:
            assert found - BROAD < found < found + BROAD
    number = number_in(text)
    assert number is None or 0 <= number <= LARGEST_NUMBER


def test_forms_read_the_same_days_and_numbers() -> None:
    assert DayField().clean("02/12/2013") == date(2013, 12, 2)
    assert NumberField().clean("12") == 12
    for field, text in ((DayField(), "01/01/0001"), (DayField(), "9999-12-31"), (NumberField(), "9" * 30)):
        with pytest.raises(ValidationError):
            field.clean(text)


def test_text_that_nothing_stores_is_told_from_any_other() -> None:
    assert is_plain("Œuvre \u202e\U0001f600\n")
    assert not is_plain("a\0")
    assert not is_plain("\ud83d")
