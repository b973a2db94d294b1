"""Pasted text has invisible dirt. Each text field of each form removes it before it counts the length.

Kind: a text that looks like another and differs from it. No search finds it, it differs from its own draft, it is too
long without a visible reason, or it turns the page around.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.forms.fields import EmailField, IdentifierField, LineField, LinesField
from accompaniment.rules.parsing import lines_in
from tests.forms import HOUSE, ROOT, forms_of_the_house

DIRT = {
    "nul": "\0",
    "bell": "\x07",
    "escape": "\x1b",
    "next line of old terminals": "\x85",
    "byte order mark": "\ufeff",
    "right-to-left override": "\u202e",
    "isolate": "\u2067",
}
"""Characters that nobody means to write, in one line or in several."""
UNSEEN = {"zero-width space": "\u200b", "soft hyphen": "\u00ad", "word joiner": "\u2060", "variation": "\ufe0f"}
"""Characters that one line does not need. Texts of several lines keep them, for other scripts and emoji."""
AS_TYPED = {
    "LogInForm.password": "a password is normalised where it is hashed",
    "ChoosePasswordForm.password": "the same",
    "ChoosePasswordForm.confirmation": "the same",
    "ChangePasswordForm.password": "the same",
    "ChangePasswordForm.confirmation": "the same",
    "CurrentPasswordForm.current": "the same",
    "ChangePasswordForm.current": "the same",
    "ChangeAddressForm.current": "the same",
    "SlotForm.slot": "an hour that the page offers, which the reader chooses",
    "SlotOnLineForm.slot": "the same",
    "BookForForm.slot": "the same",
}


def text_fields() -> Iterator[tuple[str, forms.CharField]]:
    for form in forms_of_the_house():
        for name, field in getattr(form, "base_fields", {}).items():
            if isinstance(field, forms.CharField):
                yield f"{form.__name__}.{name}", field


def of_kind(*kinds: type[forms.Field]) -> list[object]:
    return [pytest.param(field, id=name) for name, field in text_fields() if isinstance(field, kinds)]


def test_every_text_field_that_somebody_types_in_is_of_a_kind_that_cleans() -> None:
    kinds = (LineField, EmailField, LinesField, IdentifierField)
    others = {
        name
        for name, field in text_fields()
        if not isinstance(field, kinds) and not field.widget.is_hidden and name not in AS_TYPED
    }
    assert others == set()
    assert len(list(text_fields())) > 50


@pytest.mark.parametrize("field", of_kind(LineField, EmailField))
@pytest.mark.parametrize("dirt", [*DIRT.values(), *UNSEEN.values()], ids=[*DIRT, *UNSEEN])
def test_a_line_is_what_is_seen_of_it(field: forms.CharField, dirt: str) -> None:
    assert field.to_python(f"{dirt} Cle\u0301{dirt}o\u0308 \r\n") in {"Cléö", "Clé ö"}


@pytest.mark.parametrize("field", of_kind(LinesField))
@pytest.mark.parametrize("dirt", DIRT.values(), ids=DIRT)
def test_a_text_keeps_its_lines_and_loses_its_dirt(field: forms.CharField, dirt: str) -> None:
    assert field.to_python(f" {dirt}Cle\u0301o,\r\n\r\n{dirt}a\u0300\tdemain.\r\rMerci{dirt}\n") == (
        "Cléo,\n\nà\tdemain.\n\nMerci"
    )


@pytest.mark.parametrize("field", of_kind(LinesField))
def test_a_text_keeps_what_other_scripts_and_pictures_need(field: forms.CharField) -> None:
    for text in ("👩🏽\u200d🌾", "می\u200cخواهم", "❤\ufe0f", "ភាសា\u200bខ្មែរ"):
        assert field.to_python(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("field", of_kind(LineField, EmailField, LinesField))
def test_what_shows_nothing_is_empty(field: forms.CharField) -> None:
    assert field.to_python("\ufeff\u200b\u00a0\u2060\r\n\0") == ""


@pytest.mark.parametrize("field", of_kind(LineField, LinesField))
def test_what_counts_is_the_length_that_is_kept(field: forms.CharField) -> None:
    """As typed the text has twice as many characters, with its accents, line ends and direction marks."""
    most = field.max_length or 20
    pasted = "\ufeff" + "e\u0301" * most + "\u202e\r\n"
    kept = field.to_python(pasted)
    assert kept == "é" * most
    too_long = [code for code in (_refusal(field, kept), _refusal(field, kept + "é")) if code == "max_length"]
    assert len(too_long) == (field.max_length is not None)


def _refusal(field: forms.CharField, value: str) -> str | None:
    try:
        field.run_validators(value)
    except ValidationError as error:
        return next((found.code for found in error.error_list if found.code == "max_length"), "another")
    return None


@pytest.mark.parametrize("field", of_kind(IdentifierField))
@pytest.mark.parametrize("dirt", [*DIRT.values(), *UNSEEN.values()], ids=[*DIRT, *UNSEEN])
def test_an_identifier_is_read_through_dirt(field: forms.CharField, dirt: str) -> None:
    assert field.to_python(f"{dirt}123 45{dirt}67 a\r\n") == "1234567A"


def test_no_field_is_made_anywhere_that_the_forms_do_not_show() -> None:
    """A form may add a field when it is made. Fields that are not of our own kinds are hidden, or proofs."""
    plain = [
        found
        for app in HOUSE
        for path in Path(ROOT, app).rglob("*.py")
        for found in re.findall(r"(\S+)\s*=\s*forms\.CharField\((?![^)]*HiddenInput)", path.read_text())
    ]
    assert set(plain) == {"password", "confirmation", "current", 'self.fields["proof"]', "slot"}


@given(st.text())
def test_a_text_can_be_stored_and_is_stable(text: str) -> None:
    kept = lines_in(text)
    kept.encode()
    assert "\x00" not in kept
    assert "\r" not in kept
    assert lines_in(kept) == kept
    assert lines_in(kept.strip()) == kept.strip()
