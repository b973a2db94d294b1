"""The telephone number at which a person is called."""

from typing import Any

from django import forms

from accompaniment.enums import Channel
from accompaniment.forms.fields import LineField, ReturnField
from accompaniment.models import Agency, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.presentation import telephone_in_words
from accompaniment.services.contact_details import NO_CHANNEL, NO_NUMBER, read_number


class PhoneField(LineField):
    """A telephone number, read as it is dialled in the agency's country or territory; the value is in E.164.

    The form says whose number it is with `belong_to`.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        kwargs.setdefault("error_messages", {"required": NO_NUMBER})
        super().__init__(max_length=30, **kwargs)
        self.agency: Agency | None = None
        self.known = ""

    def belong_to(self, person: Jobseeker) -> None:
        """Read the number as it is dialled in the person's country or territory.

        The present number is accepted unchanged.
        """
        self.agency = person.agency
        self.known = person.phone
        self.initial = telephone_in_words(person.phone)

    def answer_at(self, agency: Agency) -> None:
        """Read the number as the agency's own. The present number is accepted as it is."""
        self.agency = agency
        self.known = agency.phone
        self.initial = telephone_in_words(agency.phone)

    def clean(self, value: Any) -> str:
        written: str = super().clean(value)
        if not written or self.agency is None:
            return written
        if self.known and written in {self.known, telephone_in_words(self.known)}:
            return self.known  # the information system's value, even if we would refuse it
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
    retour = ReturnField()

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phone_field(self).belong_to(person)


CHANNELS_TO_YOU = [
    (Channel.VIDEO.value, "En visio"),
    (Channel.PHONE.value, "Par téléphone"),
    (Channel.ON_SITE.value, "En agence"),
    (Channel.CHAT.value, "Par message"),
    ("", "Sans préférence"),
]


class PreferredChannelForm(forms.Form):
    """The channel that one prefers, or none."""

    channel = forms.ChoiceField(
        label="Comment préférez-vous échanger\u00a0?",
        choices=CHANNELS_TO_YOU,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": NO_CHANNEL},
    )
