"""What a jobseeker sends back with the text that was shown."""

from django import forms


class AcceptanceForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    accepted = forms.BooleanField(
        label="J'ai lu ce texte et j'accepte un suivi 100 % web.",
        error_messages={"required": "Cochez la case pour accepter."},
    )
