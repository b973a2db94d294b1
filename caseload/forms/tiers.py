"""What an adviser sends to change a person's tier."""

from django import forms

from accompaniment.enums import Tier
from accompaniment.forms.fields import LinesField, NumberField

TIER_GUIDE = {
    Tier.RENFORCE: "Loin de l'emploi : des contacts fréquents, en agence.",
    Tier.GUIDE: "Entre les deux : des contacts réguliers. C'est la seule modalité qui ouvre le 100 % web.",
    Tier.SUIVI: "Autonome et proche de l'emploi : des points espacés, surtout à distance.",
}


class TierChoiceForm(forms.Form):
    """Which tier the page looks at, read from the address."""

    modalite = forms.TypedChoiceField(choices=Tier.choices, coerce=Tier, required=False, empty_value=None)


class TierChangeForm(forms.Form):
    """The change itself; `period` is the accompaniment that the adviser had before them."""

    use_required_attribute = False

    period = NumberField(widget=forms.HiddenInput)
    tier = forms.TypedChoiceField(choices=Tier.choices, coerce=Tier, widget=forms.HiddenInput)
    reason = LinesField(
        label="Motif du changement",
        help_text="La personne le lit dans son espace. 200 caractères au plus.",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Indiquez le motif du changement de modalité.",
        },
    )
