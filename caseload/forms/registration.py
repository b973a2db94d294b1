"""What an adviser writes and decides in the registration interview."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from accompaniment.enums import Bandwidth, Channel, RefusalReason, Tier, Track
from accompaniment.services.enrolments import InterviewFindings
from caseload.models import Portfolio

YES, NO = "oui", "non"
YES_OR_NO = ((YES, "Oui"), (NO, "Non"))


def yes_or_no(value: bool | None) -> str:
    """Return the answer that stands for a fact; empty when it is not known."""
    if value is None:
        return ""
    return YES if value else NO


class SearchForm(forms.Form):
    q = forms.CharField(label="Rechercher un nom ou un identifiant", required=False, max_length=100)


class EmailForm(forms.Form):
    email = forms.EmailField(
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
    use_required_attribute = False  # the page is sent by parts; what is missing is said in one summary

    situation = forms.CharField(
        label="Situation et projet",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Métier recherché, parcours, freins éventuels.",
    )
    has_webcam = forms.ChoiceField(
        label="Dispose d'une webcam et d'un micro",
        choices=YES_OR_NO,
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
        choices=YES_OR_NO,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si la personne est à l'aise avec les outils numériques."},
    )
    preferred_channel = forms.ChoiceField(
        label="Canal préféré",
        choices=Channel.choices,
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
            (Track.CLASSIC, "Classique : l'adhésion est refusée"),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le parcours."},
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
    comment = forms.CharField(
        label="Précision",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Pour le dossier. L'e-mail envoyé à la personne ne donne que le motif.",
    )
    notes = forms.CharField(
        label="Conclusion de l'entretien",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
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
        if facts.get("track") == Track.WEB:
            if self.obstacle:
                self.add_error("track", self.obstacle)
            elif facts.get("tier") not in (None, Tier.GUIDE):
                self.add_error("track", "Le 100 % web demande la modalité « guidé » : changez l'une ou l'autre.")
            elif not facts.get("portfolio") and "portfolio" not in self.errors:
                self.add_error("portfolio", "Choisissez le portefeuille où la personne sera suivie.")
        elif facts.get("track") == Track.CLASSIC and not facts.get("refusal_reason"):
            self.add_error("refusal_reason", "Choisissez le motif : la personne le recevra.")
        return facts

    def findings(self) -> InterviewFindings:
        """Return what was established, of a valid form."""
        facts = self.cleaned_data
        return InterviewFindings(
            identity_checked=facts["identity_checked"],
            situation=facts["situation"],
            tier=Tier(facts["tier"]),
            has_webcam=facts["has_webcam"] == YES,
            bandwidth=facts["bandwidth"],
            at_ease=facts["at_ease"] == YES,
            preferred_channel=facts["preferred_channel"],
            notes=facts["notes"],
        )


DRAFT_FIELDS = (*RegistrationForm.base_fields, "email")


def typed_in(data: Mapping[str, str]) -> dict[str, str]:
    """Return what a page sent, field by field, as it was typed: a draft need not be valid."""
    return {name: data[name] for name in DRAFT_FIELDS if data.get(name)}
