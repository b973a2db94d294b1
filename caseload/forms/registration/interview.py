"""What an adviser writes and decides in the registration interview."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet

from accompaniment.enums import Bandwidth, Channel, PreferredHours, RefusalReason, Tier, Track
from accompaniment.forms.fields import EmailField, LinesField, NumberField, SearchField
from accompaniment.rules.parsing import lines_in, numbers_in
from accompaniment.services.enrolments.interview import InterviewFindings
from caseload.enums import YesNo
from caseload.models import Portfolio


def yes_or_no(value: bool | None) -> str:
    """Return the answer that stands for a fact; empty when it is not known."""
    if value is None:
        return ""
    return YesNo.YES if value else YesNo.NO


class SearchForm(forms.Form):
    q = SearchField(label="Rechercher un nom ou un identifiant")


class WishForm(forms.Form):
    """Whose wish is written down."""

    person = NumberField(widget=forms.HiddenInput)


class EmailForm(forms.Form):
    email = EmailField(
        label="Adresse e-mail",
        max_length=254,
        error_messages={
            "required": "Écrivez l'adresse e-mail que la personne vous donne.",
            "invalid": "Écrivez une adresse complète, par exemple prenom.nom@exemple.fr.",
        },
    )


class RegistrationForm(forms.Form):
    """The five parts of the page. `obstacle` says why the web track cannot be chosen today; empty if it can."""

    identity_checked = forms.BooleanField(
        label="J'ai vérifié l'identité de la personne",
        error_messages={"required": "Vérifiez une pièce d'identité, puis cochez cette case."},
    )
    sometimes_required = ("portfolio", "refusal_reason")
    use_required_attribute = False  # the page is sent by parts; what is missing is said in one summary

    situation = LinesField(
        label="Situation et projet",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Métier recherché, parcours, freins éventuels. La personne peut lire ce texte dans « Mes données ».",
    )
    has_webcam = forms.ChoiceField(
        label="Dispose d'une webcam et d'un micro",
        choices=YesNo.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si la personne dispose d'une webcam et d'un micro."},
    )
    bandwidth = forms.ChoiceField(
        label="Connexion à internet",
        choices=Bandwidth.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la qualité de la connexion."},
    )
    at_ease = forms.ChoiceField(
        label="À l'aise avec les outils numériques",
        choices=YesNo.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si la personne est à l'aise avec les outils numériques."},
    )
    preferred_channel = forms.ChoiceField(
        label="Canal préféré",
        choices=Channel.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    preferred_hours = forms.ChoiceField(
        label="Heures préférées",
        choices=PreferredHours.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    tier = forms.ChoiceField(
        label="Modalité",
        choices=Tier.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une modalité."},
    )
    track = forms.ChoiceField(
        label="Parcours",
        choices=(
            (Track.WEB, "100 % web : l'adhésion est validée"),
            (Track.CLASSIC, "Classique : l'adhésion n'est pas validée"),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": "Demandez à la personne si elle confirme son souhait : choisissez le parcours."},
    )
    portfolio = forms.ModelChoiceField(
        label="Portefeuille",
        queryset=Portfolio.objects.none(),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choisissez l'un des portefeuilles proposés."},
    )
    refusal_reason = forms.ChoiceField(
        label="Motif du refus",
        choices=RefusalReason.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = LinesField(
        label="Précision",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Pour le dossier. L'e-mail envoyé à la personne ne donne que le motif.",
    )
    notes = LinesField(
        label="Conclusion de l'entretien",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Pour l'équipe : à relire sur la page de la personne et dans son fil.",
    )

    def __init__(self, *args: Any, portfolios: QuerySet[Portfolio], obstacle: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obstacle = obstacle
        portfolio = self.fields["portfolio"]
        assert isinstance(portfolio, forms.ModelChoiceField)  # noqa: S101  (tells the type checker)
        portfolio.queryset = portfolios

    @property
    def validates(self) -> bool:
        """The web track was chosen, so the volunteer is validated."""
        return bool(self.cleaned_data["track"] == Track.WEB)

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        # What was chosen for the other track stays in the draft, and decides nothing.
        if facts.get("track") == Track.WEB:
            if self.obstacle:
                self.add_error("track", self.obstacle)
            elif facts.get("tier") not in (None, Tier.GUIDE):
                self.add_error("track", "Le 100 % web demande la modalité « guidé » : changez l'une ou l'autre.")
            elif not facts.get("portfolio") and "portfolio" not in self.errors:
                self.add_error("portfolio", "Choisissez le portefeuille où la personne sera suivie.")
        elif facts.get("track") == Track.CLASSIC and not facts.get("refusal_reason"):
            self.add_error("refusal_reason", "Choisissez le motif : la personne le recevra.")
        elif facts.get("refusal_reason") == RefusalReason.TIER and facts.get("tier") == Tier.GUIDE:
            self.add_error("refusal_reason", "La modalité choisie est « guidé » : choisissez un autre motif.")
        return facts

    def findings(self) -> InterviewFindings:
        """Return what was established, of a valid form."""
        facts = self.cleaned_data
        return InterviewFindings(
            identity_checked=facts["identity_checked"],
            situation=facts["situation"],
            tier=Tier(facts["tier"]),
            has_webcam=facts["has_webcam"] == YesNo.YES,
            bandwidth=facts["bandwidth"],
            at_ease=facts["at_ease"] == YesNo.YES,
            preferred_channel=facts["preferred_channel"],
            preferred_hours=facts["preferred_hours"],
            notes=facts["notes"],
        )


DRAFT_FIELDS = (*RegistrationForm.base_fields, "email")
FREE_TEXTS = frozenset({"situation", "comment", "notes"})
MINE, THEIRS, BOTH = "mine", "theirs", "both"
"""What an adviser chooses for a field that two have changed; both only for a free text."""


@dataclass(frozen=True)
class Typing:
    """What a page sent: its fields as they were typed, what it showed before, and what was chosen between two."""

    typed: dict[str, str]
    base: dict[str, str] | None
    """None: the page did not say."""
    chosen: frozenset[str]
    seen: dict[str, str]
    """By field, the other one's version that the page shows beside its own."""


def typed_in(data: Mapping[str, str]) -> dict[str, str]:
    """Return what a page sent, field by field, as it was typed: a draft need not be valid."""
    return {name: text for name in DRAFT_FIELDS if (text := lines_in(data.get(name, "")))}


def typing_in(data: Mapping[str, str]) -> Typing:
    """Return what a page sent, with the choices between two versions of a field carried out.

    A choice was made before the other one's version that the page showed, so that version is what the choice
    begins with: when it has changed again since, the field is a conflict again.
    """
    typed, base = typed_in(data), _base_in(data)
    chosen = set()
    seen = {name: lines_in(data[f"seen_{name}"]) for name in DRAFT_FIELDS if f"seen_{name}" in data}
    for name, theirs in seen.items():
        choice = data.get(f"choice_{name}")
        if base is None or choice not in {MINE, THEIRS, BOTH}:
            continue
        chosen.add(name)
        base[name] = theirs
        if choice == THEIRS:
            typed[name] = theirs
        elif choice == BOTH and name in FREE_TEXTS:
            typed[name] = f"{theirs}\n\n{typed.get(name, '')}"
    return Typing(typed=typed, base=base, chosen=frozenset(chosen), seen=seen)


def _base_in(data: Mapping[str, str]) -> dict[str, str] | None:
    try:
        base = json.loads(data.get("base", ""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(base, dict):
        return None
    return {name: text for name in DRAFT_FIELDS if (text := lines_in(str(base.get(name) or "")))}


def label_of(name: str) -> str:
    """Return what the page calls a field of the draft."""
    field = EmailForm.base_fields["email"] if name == "email" else RegistrationForm.base_fields[name]
    return str(field.label)


def value_in_words(name: str, value: str, portfolios: QuerySet[Portfolio]) -> str:
    """Return what a person reads of a draft's value."""
    field = RegistrationForm.base_fields.get(name)
    if value == "":
        return "Rien"
    if isinstance(field, forms.BooleanField):
        return "Coché"
    if name == "portfolio":
        portfolio = portfolios.filter(pk__in=numbers_in([value])).first()
        return portfolio.adviser.user.full_name if portfolio else "Un autre portefeuille"
    if isinstance(field, forms.ChoiceField):
        return next((str(label) for known, label in field.widget.choices if known == value), value)
    return value
