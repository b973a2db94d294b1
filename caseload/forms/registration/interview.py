"""What an adviser writes and decides in the registration interview."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from accompaniment.enums import OWN_CHANNELS, Bandwidth, PreferredHours, RefusalReason, Tier, Track
from accompaniment.forms.fields import EmailField, LinesField, NumberField, SearchField
from accompaniment.rules.parsing import lines_in, numbers_in
from accompaniment.services.enrolments.interview import InterviewFindings
from caseload.enums import YesNo
from caseload.models import Portfolio


def yes_or_no(value: bool | None) -> str:
    """Return the answer that corresponds to a fact, or an empty string if the fact is unknown."""
    if value is None:
        return ""
    return YesNo.YES if value else YesNo.NO


class SearchForm(forms.Form):
    q = SearchField(label="Rechercher un nom ou un identifiant")


class WishForm(forms.Form):
    """The person whose request is recorded."""

    person = NumberField(widget=forms.HiddenInput)


class EmailForm(forms.Form):
    email = EmailField(
        label="Adresse e-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
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
    use_required_attribute = False  # the page is sent in parts; one summary lists what is missing

    situation = LinesField(
        label="Situation et projet",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=(
            "Métier recherché, parcours, freins éventuels. "
            "La personne peut lire ce texte dans «\u00a0Mes données\u00a0»."
        ),
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
        choices=OWN_CHANNELS,
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
            (Track.WEB, "100\u00a0% web\u00a0: la demande est validée"),
            (Track.CLASSIC, "En agence (suivi habituel)\u00a0: la demande de 100\u00a0% web n'est pas retenue"),
        ),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Demandez à la personne si elle confirme son souhait\u00a0: choisissez le parcours."
        },
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
        help_text="Pour l'équipe\u00a0: à relire sur la page de la personne et dans son fil.",
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
        # Answers for the other track stay in the draft and have no effect.
        if facts.get("track") == Track.WEB:
            if self.obstacle:
                self.add_error("track", self.obstacle)
            elif facts.get("tier") not in (None, Tier.GUIDE):
                self.add_error(
                    "track",
                    "Le 100\u00a0% web demande la modalité «\u00a0guidé\u00a0»\u00a0: changez l'une ou l'autre.",
                )
            elif not facts.get("portfolio") and "portfolio" not in self.errors:
                self.add_error("portfolio", "Choisissez le portefeuille où la personne sera suivie.")
        elif facts.get("track") == Track.CLASSIC and not facts.get("refusal_reason"):
            self.add_error("refusal_reason", "Choisissez le motif\u00a0: la personne le recevra.")
        elif facts.get("refusal_reason") == RefusalReason.TIER and facts.get("tier") == Tier.GUIDE:
            self.add_error(
                "refusal_reason", "La modalité choisie est «\u00a0guidé\u00a0»\u00a0: choisissez un autre motif."
            )
        return facts

    def findings(self) -> InterviewFindings:
        """Return the findings; call it on a valid form."""
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


def typed_in(data: Mapping[str, str]) -> dict[str, str]:
    """Return what a page sent, by field and unvalidated, because a draft need not be valid."""
    return {name: text for name in DRAFT_FIELDS if (text := lines_in(data.get(name, "")))}


def label_of(name: str) -> str:
    """Return the label of a draft field on the page."""
    field = EmailForm.base_fields["email"] if name == "email" else RegistrationForm.base_fields[name]
    return str(field.label)


def value_in_words(name: str, value: str, portfolios: QuerySet[Portfolio]) -> str:
    """Return a draft value as text for people."""
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
