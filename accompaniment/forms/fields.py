"""Fields that several forms share."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from accompaniment.french import excess_in_words
from accompaniment.identifiers import compact
from accompaniment.imports.values import clean
from accompaniment.parsing import EARLIEST_DAY, LARGEST_NUMBER, LATEST_DAY, is_near, lines_in

CHOOSE = ("", "Choisissez…")
"""The first line of a list from which something must be chosen: nothing is chosen before somebody chooses."""


class NotTooLongValidator(MaxLengthValidator):
    """Refuses a text that is too long with by how much."""

    def __call__(self, value: str) -> None:
        most = self.limit_value() if callable(self.limit_value) else self.limit_value
        if len(value) > most:
            raise ValidationError(excess_in_words(len(value), most=most), code=self.code)


class _Kept(forms.CharField):
    """A text that is never cut: what is too long stays as it was typed, and the error says by how much."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            NotTooLongValidator(found.limit_value) if isinstance(found, MaxLengthValidator) else found
            for found in self.validators
        ]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave out `maxlength`, by which a browser cuts what is pasted without a word."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class _Cleaned(_Kept):
    """What is typed or pasted is cleaned like what a file says, before anything is checked."""

    def to_python(self, value: Any) -> Any:
        """Return the text without what cannot be seen, its accents part of their letters."""
        return super().to_python(clean(value) if isinstance(value, str) else value)


class LineField(_Cleaned):
    """A text of one line: a name, a commune, what is searched."""


class EmailField(_Cleaned, forms.EmailField):
    """An e-mail address."""


class LinesField(_Kept):
    """A text of several lines.

    Browsers send two characters for the end of a line that they count as one, so a text that the browser lets through
    would be too long here, and one that nobody has changed would differ from what is stored.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the text as it is kept, so that its length is the one that counts."""
        return str(super().to_python(lines_in(value) if isinstance(value, str) else value))


class IdentifierField(forms.RegexField):
    """A person's identifier, read however it is spaced and in either case; the value is the one that is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"^[0-9]{7}[A-Z]$", **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the identifier in one piece and in capitals."""
        return compact(clean(str(super().to_python(value))))


class DayField(forms.DateField):
    """A day that anything here can be about, so that no day before or after it overflows."""

    def validate(self, value: date | None) -> None:
        """Refuse a day that no calendar of ours shows."""
        super().validate(value)
        if value is not None and not is_near(value):
            raise ValidationError(
                f"Écrivez une date entre {EARLIEST_DAY.year} et {LATEST_DAY.year}.", code="out_of_calendar"
            )


class NumberField(forms.IntegerField):
    """A whole number that a row can hold."""

    def __init__(self, *, min_value: int = -LARGEST_NUMBER, max_value: int = LARGEST_NUMBER, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)
