"""An agency's telephone number."""

from typing import Any

from django import forms

from accompaniment.forms.phone import PhoneField, phone_field
from accompaniment.models import Agency


class AgencyPhoneForm(forms.Form):
    """The number at which the agency answers; empty for none."""

    phone = PhoneField(
        label="Téléphone de l'agence",
        required=False,
        help_text="Par exemple 01 23 45 67 89. Les personnes le lisent sur leur espace et dans la salle de visio. "
        "Laissez vide pour n'en montrer aucun.",
        widget=forms.TextInput(attrs={"type": "tel"}),
    )

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phone_field(self).answer_at(agency)
