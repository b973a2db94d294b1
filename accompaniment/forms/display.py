"""How pages look in a browser."""

from django import forms

from accompaniment.enums import Theme
from accompaniment.forms.fields import ReturnField

BY_SYSTEM = ("", "Système\u00a0: comme votre appareil")


class DisplayForm(forms.Form):
    """The theme, and the page to go back to."""

    sometimes_required = ("theme",)
    """One of the choices is empty, so the field never is."""

    theme = forms.ChoiceField(
        label="Apparence des pages",
        choices=[BY_SYSTEM, *Theme.choices],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choisissez une apparence de la liste."},
    )
    retour = ReturnField()
