import unicodedata

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.rules.imports import telephones, values
from accompaniment.rules.imports.values import DoubtfulValueError, InvalidValueError


def according_to_the_library(value: str) -> str | None:
    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


INVISIBLE = "\u200b\u200e\u200f\u202a\u202c\u2060\u2066\u2069\u00ad\ufeff\ufe0f"


@given(st.text("éèüAlix’' -", min_size=1, max_size=20), st.lists(st.sampled_from(INVISIBLE), max_size=5), st.data())
def test_what_cannot_be_seen_and_how_accents_are_written_changes_no_value(
    name: str, dirt: list[str], data: st.DataObject
) -> None:
    written = list(unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD"])), name))
    for mark in dirt:
        written.insert(data.draw(st.integers(0, len(written))), mark)
    # A stray mark between a letter and its accent separates them until it is removed.
    assert values.clean("".join(written)) == unicodedata.normalize("NFC", name).strip()


@pytest.mark.parametrize("name", ["علی\u200cرضا", "क्\u200dष", "Нина", "Đặng", "Ḳ\u0323ö"])
def test_nothing_of_another_alphabet_is_lost(name: str) -> None:
    assert values.mandatory_text(name, 80) == unicodedata.normalize("NFC", name)


SPACES = st.sampled_from(["", " ", "\u00a0", "\u202f", ".", "-", "\u2011", "/", "_", " - "])
BEFORE = st.sampled_from(["", "'", "tel : ", "Tél. ", "\u202a", "(", " "])
AFTER = st.sampled_from(["", ".", "\u202c", ")", " ", ";"])


@given(
    st.sampled_from(["612345678", "144556677", "692123456", "690123456", "694201234", "696201234", "639123456"]),
    st.sampled_from(["0", "+33", "0033", "33", "+33 (0)", ""]),
    SPACES,
    BEFORE,
    AFTER,
)
def test_a_telephone_number_is_the_same_in_every_usual_spelling(
    digits: str, prefix: str, space: str, before: str, after: str
) -> None:
    codes = {"692": "262", "690": "590", "694": "594", "696": "596", "639": "262"}
    written = space.join([prefix + digits[0], digits[1:3], digits[3:5], digits[5:7], digits[7:]])
    assert values.phone(f"{before}{written}{after}") == f"+{codes.get(digits[:3], '33')}{digits}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("06 12 34 56 78 / 01 44 55 66 77", "+33612345678"),
        ("0612345678 ou 0144556677", "+33612345678"),
        ("06 12 34 56 78 (mari)", "+33612345678"),
        ("6,12345678E+08", "+33612345678"),
        ("3.3612345678E+10", "+33612345678"),
    ],
)
def test_a_number_beside_something_else_is_read_with_a_doubt(written: str, read: str) -> None:
    with pytest.raises(DoubtfulValueError) as doubt:
        values.phone(written)
    assert doubt.value.read == read


@pytest.mark.parametrize("written", ["06 12 34 56 7", "06 12 34 56 78 9", "6,12E+08", "12345", "1 " * 60, "0", "tel"])
def test_digits_too_few_or_left_over_are_no_number(written: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        values.phone(written)
    assert not isinstance(refused.value, DoubtfulValueError)


@pytest.mark.parametrize("start", telephones.OVERSEAS_REGIONS)
def test_no_number_that_is_dialled_overseas_is_taken_for_one_of_the_mainland(start: str) -> None:
    code = phonenumbers.country_code_for_region(telephones.OVERSEAS_REGIONS[start])
    assert values.phone(f"{start} 12 34 56").startswith(f"+{code}")


def test_a_number_is_read_as_it_is_dialled_where_it_was_given() -> None:
    assert values.phone("41 12 34", "PM") == "+508411234"
    assert values.phone("0508 41 12 34", "PM") == values.phone("0508 41 12 34") == "+508411234"
    with pytest.raises(InvalidValueError):
        values.phone("41 12 34")


@given(
    st.integers(min_value=0, max_value=999_999_999).map(lambda number: f"0{number:09d}"),
    st.sampled_from(["", " ", ".", "-"]),
)
def test_numbers_written_as_usual_are_judged_as_the_library_does(digits: str, separator: str) -> None:
    written = separator.join(digits[index : index + 2] for index in range(0, 10, 2))
    expected = according_to_the_library(written)
    if digits[:4] in telephones.OVERSEAS_REGIONS:
        # These numbers are dialled from anywhere in France, but have another country code. Here we differ from the
        # library.
        assert not values.phone(written).startswith("+33")
    elif expected is None:
        with pytest.raises(InvalidValueError):
            values.phone(written)
    else:
        assert values.phone(written) == expected


@pytest.mark.parametrize("start", [*(f"0{first}{second}" for first in range(1, 10) for second in range(10))])
def test_every_beginning_of_a_number_is_judged_as_the_library_does(start: str) -> None:
    for rest in range(0, 10_000_000, 98_765):
        written = f"{start}{rest:07d}"
        if written[:4] not in telephones.OVERSEAS_REGIONS:
            try:
                found = values.phone(written)
            except InvalidValueError:
                found = None
            assert found == according_to_the_library(written)
