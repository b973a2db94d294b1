"""Fields that several forms share."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.http import url_has_allowed_host_and_scheme

from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import excess_in_words
from accompaniment.rules.imports.values import clean
from accompaniment.rules.parsing import EARLIEST_DAY, LARGEST_NUMBER, LATEST_DAY, is_near, lines_in
from accompaniment.rules.spelling import compact

CHOOSE = ("", "Choisissez…")
"""The first entry of a list: nothing is preselected."""


class NotTooLongValidator(MaxLengthValidator):
    """Refuses a text that is too long, and says by how much."""

    def __call__(self, value: str) -> None:
        most = self.limit_value() if callable(self.limit_value) else self.limit_value
        if len(value) > most:
            raise ValidationError(excess_in_words(len(value), most=most), code=self.code)


class _Kept(forms.CharField):
    """A text that is never truncated. What is too long stays as typed, and the error says by how much."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            NotTooLongValidator(found.limit_value) if isinstance(found, MaxLengthValidator) else found
            for found in self.validators
        ]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave out `maxlength`, with which browsers truncate pasted text silently."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class _Cleaned(_Kept):
    """Cleans typed and pasted text in the same way as values of a file, before any check."""

    def to_python(self, value: Any) -> Any:
        """Return the text without invisible characters and with composed accents."""
        return super().to_python(clean(value) if isinstance(value, str) else value)


class LineField(_Cleaned):
    """A text of one line: a name, a commune, what is searched."""


class ReturnField(forms.CharField):
    """The page to lead back to: one of this site, or else none."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> str:
        back: str = super().clean(value)
        return back if back.startswith("/") and url_has_allowed_host_and_scheme(back, None) else ""


class EmailField(_Cleaned, forms.EmailField):
    """An e-mail address."""


class LinesField(_Kept):
    """A text of several lines.

    Browsers send a line end as two characters but count it as one. Without this field a text of the allowed length
    would be refused, and an unchanged text would differ from the stored one.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the text as it is stored, so that its stored length counts."""
        return str(super().to_python(lines_in(value) if isinstance(value, str) else value))


class IdentifierField(forms.RegexField):
    """A person's identifier, typed with any spaces and in any case. The value is the stored form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"^[0-9]{7}[A-Z]$", **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the identifier in one piece and in capitals."""
        return compact(clean(str(super().to_python(value))))


class DayField(forms.DateField):
    """A date in the range that the application handles, so that no calculation with it overflows."""

    def validate(self, value: date | None) -> None:
        """Refuse a date outside that range."""
        super().validate(value)
        if value is not None and not is_near(value):
            raise ValidationError(
                f"Écrivez une date entre {EARLIEST_DAY.year} et {LATEST_DAY.year}.", code="out_of_calendar"
            )


class NumberField(forms.IntegerField):
    """A whole number within the range of the database."""

    def __init__(self, *, min_value: int = -LARGEST_NUMBER, max_value: int = LARGEST_NUMBER, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)


def add_refusal(form: forms.Form, refusal: DomainError, **names: str) -> None:
    """Add a refusal to the field that it is about, or to the whole form if it names no field of the form.

    `names` maps the service's name of a fact to the form's, if they differ.
    """
    name = names.get(refusal.about, refusal.about)
    field = form.fields.get(name)
    form.add_error(name if field and not field.widget.is_hidden else None, refusal.sentence)


LONGEST = 80  # characters


@dataclass(frozen=True, slots=True)
class Search:
    """The search as typed, as `words`, and the reason if it was refused. A refused search finds nobody."""

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
