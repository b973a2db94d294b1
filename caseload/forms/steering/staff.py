"""Forms about staff: invitations, an adviser's agency, and who takes over from a colleague who leaves."""

from typing import Any
from uuid import uuid4

from django import forms

from accompaniment.enums import Modality, Role
from accompaniment.forms.fields import CHOOSE, EmailField, LineField
from accompaniment.models import Agency, Region
from caseload.models import Portfolio
from caseload.models.portfolios import PortfolioQuerySet

FULL_TIME, SHORTEST = 100, 10
SHARE_ERRORS = {
    "required": "Indiquez le temps de travail, par exemple 100.",
    "invalid": "Écrivez un nombre entier.",
    "min_value": f"Indiquez {SHORTEST} au moins.",
    "max_value": f"Indiquez {FULL_TIME} au plus.",
}


class AgencyField(forms.ModelChoiceField):
    """One of the agencies that a manager steers, under its region."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Agency.objects.none(),
            label="Agence",
            to_field_name="code",
            empty_label=CHOOSE[1],
            error_messages={"required": "Choisissez une agence.", "invalid_choice": "Choisissez une agence."},
            **kwargs,
        )

    def offer(self, agencies: list[Agency]) -> None:
        """Offer these agencies, in this order."""
        self.queryset = Agency.objects.filter(pk__in=[agency.pk for agency in agencies]).select_related(
            "departement__region"
        )
        by_region: dict[str, list[tuple[str, str]]] = {}
        for agency in agencies:
            by_region.setdefault(agency.region.name, []).append((agency.code, agency.name))
        self.choices = [CHOOSE, *by_region.items()]


class InvitationForm(forms.Form):
    """A colleague: an adviser of an agency, or a manager of regions."""

    use_required_attribute = False
    sometimes_required = ("agency", "working_share", "regions")

    role = forms.ChoiceField(
        label="Rôle",
        choices=[(Role.ADVISER.value, "Conseiller"), (Role.MANAGER.value, "Responsable")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un rôle."},
    )
    first_name = LineField(label="Prénom", max_length=80, error_messages={"required": "Indiquez le prénom."})
    last_name = LineField(label="Nom", max_length=80, error_messages={"required": "Indiquez le nom."})
    email = EmailField(
        label="Adresse e-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        max_length=254,
        help_text="Le lien d'activation y est envoyé.",
        error_messages={
            "required": "Indiquez l'adresse e-mail.",
            "invalid": "Écrivez une adresse comme ceci\u00a0: prenom.nom@exemple.fr.",
        },
    )
    agency = AgencyField(required=False, help_text="Pour un conseiller.")
    working_share = forms.IntegerField(
        label="Temps de travail (en\u00a0%)",
        min_value=SHORTEST,
        max_value=FULL_TIME,
        initial=FULL_TIME,
        required=False,
        help_text="Pour un conseiller. 100 pour un temps plein.",
        error_messages=SHARE_ERRORS,
    )
    modalities = forms.TypedMultipleChoiceField(
        label="Portefeuilles à ouvrir",
        choices=Modality.choices,
        coerce=Modality,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Pour un conseiller.",
    )
    regions = forms.ModelMultipleChoiceField(
        label="Régions",
        queryset=Region.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Pour un responsable.",
    )
    whole_country = forms.BooleanField(label="Tout le pays", required=False, help_text="Pour un responsable.")

    def __init__(self, *args: Any, agencies: list[Agency], regions: Any, whole_country: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].offer(agencies)  # type: ignore[attr-defined]
        self.fields["regions"].queryset = regions  # type: ignore[attr-defined]
        if not whole_country:
            del self.fields["whole_country"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("role") == Role.ADVISER:
            if "agency" not in self.errors and not found.get("agency"):
                self.add_error("agency", "Choisissez l'agence du conseiller.")
            if "working_share" not in self.errors and not found.get("working_share"):
                self.add_error("working_share", SHARE_ERRORS["required"])
        elif found.get("role") == Role.MANAGER and not (found.get("regions") or found.get("whole_country")):
            self.add_error("regions", "Choisissez au moins une région.")
        return found


class AdviserForm(forms.Form):
    """An adviser's agency and working share."""

    use_required_attribute = False

    agency = AgencyField()
    working_share = forms.IntegerField(
        label="Temps de travail (en\u00a0%)",
        min_value=SHORTEST,
        max_value=FULL_TIME,
        error_messages=SHARE_ERRORS,
    )

    def __init__(self, *args: Any, agencies: list[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].offer(agencies)  # type: ignore[attr-defined]


class StaffAddressForm(forms.Form):
    """The corrected address of a staff account."""

    use_required_attribute = False

    email = EmailField(
        label="Nouvelle adresse e-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        max_length=254,
        error_messages={
            "required": "Indiquez la nouvelle adresse e-mail.",
            "invalid": "Écrivez une adresse comme ceci\u00a0: prenom.nom@exemple.fr.",
        },
    )
    forget_password = forms.BooleanField(
        label="Cette personne n'a ni l'ancienne boîte de réception ni son mot de passe",
        required=False,
        help_text="Son mot de passe est oublié, ses sessions se ferment, et une invitation part à la nouvelle adresse.",
    )


class HandOverForm(forms.Form):
    """The portfolios that receive everybody of one portfolio, and the reason."""

    use_required_attribute = False

    targets = forms.ModelMultipleChoiceField(
        label="Nouveaux portefeuilles",
        queryset=Portfolio.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choisissez au moins un portefeuille.",
            "invalid_choice": "Un portefeuille choisi n'est plus proposé. Choisissez-en un autre.",
            "invalid_pk_value": "Un portefeuille choisi n'est plus proposé. Choisissez-en un autre.",
        },
    )
    reason = LineField(
        label="Motif",
        max_length=200,
        error_messages={
            "required": "Indiquez le motif.",
        },
    )
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        proposals: list[Portfolio],
        full: list[Portfolio],
        targets: PortfolioQuerySet,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.proposals = proposals
        self.full = full
        self.fields["targets"].queryset = targets  # type: ignore[attr-defined]
        self.initial.setdefault("token", uuid4())

    @property
    def selected(self) -> list[int]:
        """The ticked keys, without portfolios that have no room."""
        return [portfolio.pk for portfolio in self.proposals if str(portfolio.pk) in self.ticked]

    @property
    def ticked(self) -> set[str]:
        return {str(pk) for pk in self["targets"].value() or ()}
