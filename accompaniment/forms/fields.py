"""Fields that several forms share."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import excess_in_words
from accompaniment.rules.imports.values import clean
from accompaniment.rules.parsing import EARLIEST_DAY, LARGEST_NUMBER, LATEST_DAY, is_near, lines_in
from accompaniment.rules.spelling import compact

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


def add_refusal(form: forms.Form, refusal: DomainError, **names: str) -> None:
    """Put a refusal on the field that it is about; of the whole where it names none, or none that the form shows.

    `names`: what the form calls a fact, where that is not its name in the service.
    """
    name = names.get(refusal.about, refusal.about)
    field = form.fields.get(name)
    form.add_error(name if field and not field.widget.is_hidden else None, refusal.sentence)


LONGEST = 80  # characters


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, in `words`, and why it was refused, if it was. Refused words find nobody."""

    words: str = ""
    refusal: str = ""


class SearchField(LineField):
    """What is looked for: a name or an identifier."""

    def __init__(self, *, label: str) -> None:
        super().__init__(label=label, required=False, max_length=LONGEST)


def search_in(form: forms.Form) -> Search:
    """Read what was typed in the field `q` of a form."""
    if form.is_valid() or "q" not in form.errors:
        return Search(words=form.cleaned_data.get("q", ""))
    return Search(words=form.data.get("q", ""), refusal=f"La recherche est trop longue\u00a0: {form.errors['q'][0]}")
