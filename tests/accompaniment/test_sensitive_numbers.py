"""Which numbers a message is not sent with before its author was asked."""

from time import perf_counter

import pytest

from accompaniment.rules.sensitive_numbers import CARD, IBAN, kinds_in, warning_about
from tests.accompaniment.number_examples import EXAMPLES, made_up, telephones


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_kind_is_found_as_people_write_it(text: str) -> None:
    assert kinds_in(text) == EXAMPLES[text]


def test_what_the_library_calls_valid_is_found_and_nothing_else() -> None:
    wrong = {text: kinds for text, kinds in made_up(1).items() if kinds_in(text) != kinds}
    assert wrong == {}


def test_telephone_numbers_are_no_false_alarm() -> None:
    """Kind: a warning that comes so often that nobody reads it."""
    alarms = [text for text in telephones(2, 3000) if kinds_in(text)]
    assert alarms == []


def test_the_warning_names_what_was_found() -> None:
    assert warning_about([CARD, IBAN]).startswith(
        "Votre message semble contenir un numéro de carte bancaire et un IBAN."
    )


@pytest.mark.parametrize("text", ["1 " * 2500, "1" * 5000, "FR76 " * 1000, "a " * 2500, "12-" * 1600])
def test_a_hostile_text_takes_no_time(text: str) -> None:
    begun = perf_counter()
    kinds_in(text)
    assert perf_counter() - begun < 2
