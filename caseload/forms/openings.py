"""The day on which the 100 % web track opens somewhere."""

from typing import Any

from django import forms

from accompaniment.forms.fields import DayField

LOOK, CONFIRM = "voir", "confirmer"


class OpeningForm(forms.Form):
    """A day; empty for none."""

    web_opens_on = DayField(
        label="Jour d'ouverture du 100\u00a0% web",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
    )

    vu = DayField(required=False, widget=forms.HiddenInput())
    """The day that the page showed."""

    def __init__(self, *args: Any, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["web_opens_on"].help_text = hint
