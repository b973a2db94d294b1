"""The cap that a manager sets."""

from typing import Any

from django import forms

from accompaniment.enums import Modality
from accompaniment.forms.fields import CHOOSE, DayField, LineField
from accompaniment.models import Agency

LARGEST = 1000
COUNTRY = "pays"


class CapacityForm(forms.Form):
    """For which portfolios, how many people, from when on, and why."""

    use_required_attribute = False
    sometimes_required = ("value",)

    place = forms.ChoiceField(
        label="Pour", error_messages={"required": "Choisissez une agence.", "invalid_choice": "Choisissez une agence."}
    )
    modality = forms.TypedChoiceField(
        label="Modalité",
        choices=[CHOOSE, *Modality.choices],
        coerce=Modality,
        error_messages={"required": "Choisissez une modalité."},
    )
    value = forms.IntegerField(
        label="Personnes par portefeuille, au plus",
        required=False,
        min_value=1,
        max_value=LARGEST,
        error_messages={
            "invalid": "Écrivez un nombre entier.",
            "min_value": "Un portefeuille a au moins une place.",
            "max_value": f"Indiquez {LARGEST} au plus.",
        },
    )
    national = forms.BooleanField(
        label="Revenir au plafond du pays",
        help_text="Pour une agence qui a son propre plafond : laissez alors le nombre vide.",
        required=False,
    )
    by_working_share = forms.BooleanField(
        label="Selon la quotité de travail",
        help_text="Le nombre vaut pour un temps plein\u00a0: 250 à 80\u00a0% font 200 places.",
        required=False,
    )
    starts_on = DayField(
        label="À partir du",
        error_messages={"required": "Indiquez un jour.", "invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = LineField(label="Motif", max_length=200, error_messages={"required": "Indiquez le motif."})

    def __init__(self, *args: Any, agencies: list[Agency], whole_country: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agencies = {agency.code: agency for agency in agencies}
        by_region: dict[str, list[tuple[str, str]]] = {}
        for agency in agencies:
            by_region.setdefault(agency.region.name, []).append((agency.code, agency.name))
        choices: list[Any] = [(COUNTRY, "Tout le pays")] if whole_country else []
        self.fields["place"].choices = [CHOOSE, *choices, *by_region.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("national"):
            if "value" not in self.errors and found.get("value") is None:
                self.add_error("value", "Indiquez un nombre.")
        elif found.get("value") is not None:
            self.add_error("value", "Laissez le nombre vide, ou ne revenez pas au plafond du pays.")
        elif "place" not in self.errors and found.get("place") is None:
            self.add_error("national", "Choisissez une agence : le pays a toujours un plafond à lui.")
        elif found.get("by_working_share"):
            self.add_error("by_working_share", "Le plafond du pays dit lui-même s'il dépend de la quotité.")
        return found

    def clean_place(self) -> Agency | None:
        """Return the agency; None stands for the whole country."""
        return self.agencies.get(self.cleaned_data["place"])
