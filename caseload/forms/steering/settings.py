"""Réglages: caps, opening days, delays, the text to accept, and an agency's telephone number."""

from typing import Any

from django import forms

from accompaniment.enums import Awaited, Modality
from accompaniment.forms.fields import CHOOSE, DayField, LineField, LinesField
from accompaniment.forms.phone import PhoneField, phone_field
from accompaniment.forms.seen import SeenForm
from accompaniment.models import Agency
from accompaniment.rules.french import days_in_words
from accompaniment.services.enrolments.lapses import LONGEST_DELAY

CORRECT, PUBLISH = "corriger", "publier"
LOOK, CONFIRM = "voir", "confirmer"


class AgencyPhoneForm(forms.Form):
    """The agency's telephone number; empty for none."""

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


LARGEST = 1000


COUNTRY = "pays"


class CapacityForm(forms.Form):
    """A cap: the portfolios, the number of people, the first day, and the reason."""

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
        label="Selon le temps de travail",
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
            self.add_error("by_working_share", "Le plafond du pays dit lui-même s'il dépend du temps de travail.")
        return found

    def clean_place(self) -> Agency | None:
        """Return the agency; None stands for the whole country."""
        return self.agencies.get(self.cleaned_data["place"])


class OpeningForm(SeenForm):
    """A day; empty for none."""

    web_opens_on = DayField(
        label="Jour d'ouverture du 100\u00a0% web",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
    )

    def __init__(self, *args: Any, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["web_opens_on"].help_text = hint


class LapseDelayForm(SeenForm):
    """A delay from a day on, with its reason. `seen`: the delay that it replaces."""

    use_required_attribute = False

    state = forms.ChoiceField(
        label="Pour",
        choices=[CHOOSE, *Awaited.choices],
        error_messages={"required": "Choisissez ce qui attend une réponse."},
    )
    days = forms.IntegerField(
        label="Délai, en jours",
        min_value=1,
        max_value=LONGEST_DELAY,
        error_messages={
            "required": "Indiquez un nombre de jours.",
            "invalid": "Écrivez un nombre entier.",
            "min_value": "Indiquez un jour au moins.",
            "max_value": f"Indiquez {days_in_words(LONGEST_DELAY)} au plus.",
        },
    )
    starts_on = DayField(
        label="À partir du",
        error_messages={"required": "Indiquez un jour.", "invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = LineField(label="Motif", max_length=200, error_messages={"required": "Indiquez le motif."})


SUPPLIED = "fourni"


class ConsentTextForm(SeenForm):
    """The next version. `seen`: the previous one."""

    use_required_attribute = False

    title = LineField(
        label="Titre", max_length=120, error_messages={"required": "Donnez un titre de 120 caractères au plus."}
    )
    body = LinesField(
        label="Texte",
        help_text="Une ligne vide sépare les paragraphes. Un titre commence par «\u00a0##\u00a0» et une espace, un "
        "élément de liste par «\u00a0-\u00a0» et une espace. Écrivez des phrases courtes, que chacun comprend.",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 24}),
        error_messages={"required": "Écrivez le texte à accepter."},
    )
    needs_acceptance = forms.BooleanField(
        label="Cette version doit être acceptée de nouveau",
        help_text="Les personnes suivies 100\u00a0% web reçoivent un e-mail et voient le nouveau texte sur chaque page."
        " Leur suivi continue pendant ce temps. Sans cette case, leur acceptation reste valable.",
        required=False,
    )

    def hidden(self) -> dict[str, Any]:
        """Return the fields as hidden inputs, for the page on which the manager checks the text again."""
        return {name: field.as_hidden() for name, field in ((name, self[name]) for name in self.fields)}
