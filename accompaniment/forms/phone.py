"""The number at which a person is called."""

from typing import Any

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from accompaniment.forms.fields import LineField
from accompaniment.models import Agency, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.presentation import telephone_in_words
from accompaniment.services.contact_details import NO_NUMBER, read_number


class PhoneField(LineField):
    """A telephone number as people write it, read as it is dialled where the person's agency is; E.164 comes out.

    The form says whose number it is by `belong_to`.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        kwargs.setdefault("error_messages", {"required": NO_NUMBER})
        super().__init__(max_length=30, **kwargs)
        self.agency: Agency | None = None
        self.known = ""

    def belong_to(self, person: Jobseeker) -> None:
        """Read it as it is dialled where the person is; the number that stands is taken as it is."""
        self.agency = person.agency
        self.known = person.phone
        self.initial = telephone_in_words(person.phone)

    def answer_at(self, agency: Agency) -> None:
        """Read it as the agency's own number; the one that stands is taken as it is."""
        self.agency = agency
        self.known = agency.phone
        self.initial = telephone_in_words(agency.phone)

    def clean(self, value: Any) -> str:
        written: str = super().clean(value)
        if not written or self.agency is None:
            return written
        if self.known and written in {self.known, telephone_in_words(self.known)}:
            return self.known  # as it came from the information system, whatever we think of it
        try:
            return read_number(written, agency=self.agency)
        except DomainError as error:
            raise forms.ValidationError(error.sentence) from error


def phone_field(form: forms.Form) -> PhoneField:
    """Return the form's own field for the number."""
    field = form.fields["phone"]
    assert isinstance(field, PhoneField)  # noqa: S101  (for the type checker)
    return field


class PhoneForm(forms.Form):
    """One's own number, and the page to go back to."""

    phone = PhoneField(
        label="Votre numéro de téléphone",
        help_text="Par exemple 06 12 34 56 78. Votre conseiller appelle toujours ce numéro.",
    )
    retour = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phone_field(self).belong_to(person)

    def clean_retour(self) -> str:
        """Return the page to go back to, of this site; empty for any other."""
        back: str = self.cleaned_data["retour"]
        return back if back.startswith("/") and url_has_allowed_host_and_scheme(back, None) else ""
