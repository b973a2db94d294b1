import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.imports import telephones, values
from accompaniment.imports.values import InvalidValueError


def according_to_the_library(value: str) -> str | None:
    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(
    st.integers(min_value=0, max_value=999_999_999).map(lambda number: f"0{number:09d}"),
    st.sampled_from(["", " ", ".", "-"]),
)
def test_numbers_written_as_usual_are_judged_as_the_library_does(digits: str, separator: str) -> None:
    written = separator.join(digits[index : index + 2] for index in range(0, 10, 2))
    expected = according_to_the_library(written)
    if digits[:4] in telephones.OVERSEAS_REGIONS:
        # These are dialled from anywhere in France and belong to another country code.
        assert expected is None
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
