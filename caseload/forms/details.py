"""A person's contact details as the adviser corrects them."""

import re
from typing import Any

from django import forms

from accompaniment.enums import Channel, PreferredHours
from accompaniment.imports import values
from accompaniment.imports.values import InvalidValueError
from accompaniment.models import Jobseeker
from accompaniment.services.contact_details import DETAILS

POSTAL_CODE = re.compile(r"[0-9]{5}")


class DetailsForm(forms.Form):
    phone = forms.CharField(label="Téléphone", required=False, max_length=30)
    email = forms.EmailField(
        label="Adresse e-mail",
        required=False,
        max_length=254,
        error_messages={"invalid": "Écrivez une adresse complète, par exemple prenom.nom@exemple.fr."},
    )
    postal_code = forms.CharField(label="Code postal", required=False, max_length=5)
    commune = forms.CharField(label="Commune", required=False, max_length=80)
    preferred_channel = forms.ChoiceField(
        label="Canal préféré", required=False, choices=[("", "Non précisé"), *Channel.choices]
    )
    preferred_hours = forms.ChoiceField(
        label="Heures préférées", required=False, choices=[("", "Non précisé"), *PreferredHours.choices]
    )

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.user_id is not None:
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "Elle ouvre le compte de la personne et ne se change pas ici."

    def clean_phone(self) -> str:
        number: str = self.cleaned_data["phone"]
        if number == self.initial.get("phone", ""):
            return number
        try:
            return values.phone(number)
        except InvalidValueError as error:
            raise forms.ValidationError("Écrivez un numéro complet, par exemple 06 12 34 56 78.") from error

    def clean_email(self) -> str:
        return (self.cleaned_data["email"] or "").strip().lower()

    def clean_postal_code(self) -> str:
        code: str = self.cleaned_data["postal_code"].strip()
        if code and not POSTAL_CODE.fullmatch(code):
            raise forms.ValidationError("Un code postal a cinq chiffres.")
        return code


class DetailsSeenForm(forms.Form):
    """The details as they were when the page was made; hidden, and free of any check."""

    prefix = "vu"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in DETAILS:
            self.fields[name] = forms.CharField(required=False, max_length=254, widget=forms.HiddenInput)
