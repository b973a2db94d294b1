"""What a jobseeker sends back with the text that was shown."""

from django import forms

from accompaniment.forms.fields import NumberField
from accompaniment.rules.presentation import ACCEPTANCE_STATEMENT


class AcceptanceForm(forms.Form):
    version = NumberField(widget=forms.HiddenInput)
    accepted = forms.BooleanField(
        label=ACCEPTANCE_STATEMENT,
        error_messages={"required": "Cochez la case pour accepter."},
    )
