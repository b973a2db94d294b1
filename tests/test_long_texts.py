"""A text that is too long is kept whole, and its refusal says by how much. No field lets a browser cut it."""

import re

import pytest
from django import forms
from django.core.validators import MaxLengthValidator

from accompaniment.forms.fields import LineField, LinesField, NotTooLongValidator
from tests.forms import ROOT, forms_of_the_house


def fields() -> list[tuple[str, forms.Field]]:
    return [
        (f"{form.__name__}.{name}", field)
        for form in forms_of_the_house()
        for name, field in getattr(form, "base_fields", {}).items()
    ]


def test_no_field_of_the_house_lets_a_browser_cut_a_text() -> None:
    """Kind: a text that is cut without a word."""
    assert len(fields()) > 60
    cutting = [name for name, field in fields() if "maxlength" in field.widget.attrs]
    assert not cutting


def test_every_limit_is_told_with_by_how_much() -> None:
    silent = [
        name
        for name, field in fields()
        if isinstance(field, forms.CharField)
        for found in field.validators
        if isinstance(found, MaxLengthValidator) and not isinstance(found, NotTooLongValidator)
    ]
    assert not silent


def test_no_page_or_script_cuts_a_text() -> None:
    pages = [*ROOT.glob("templates/**/*"), *ROOT.glob("static/**/*.js")]
    cutting = [
        str(page) for page in pages if page.is_file() and re.search(r"max-?length\s*=", page.read_text(), re.IGNORECASE)
    ]
    assert len(pages) > 100
    assert not cutting


class TryForm(forms.Form):
    line = LineField(max_length=10)
    lines = LinesField(max_length=5000)


@pytest.mark.parametrize(
    ("name", "length", "sentence"),
    [
        ("line", 11, "1 caractère de trop : 10 au plus."),
        ("line", 10, ""),
        ("lines", 5212, "212 caractères de trop : 5 000 au plus."),
        ("lines", 5000, ""),
    ],
)
def test_the_text_stays_whole_with_its_excess_said(name: str, length: int, sentence: str) -> None:
    form = TryForm({"line": "x", "lines": "x", name: "x" * length})
    assert form.is_valid() is (sentence == "")
    shown = str(form[name]).replace("\u00a0", " ")
    assert "x" * length in shown
    assert "maxlength" not in shown
    assert 'dir="auto"' in shown
    if sentence:
        assert form.errors[name][0].replace("\u00a0", " ").startswith(sentence)
