"""The people of a transfer, the portfolios, the day and the reason."""

from typing import Any, cast
from uuid import uuid4

from django import forms

from accompaniment.forms.fields import DayField, LineField
from accompaniment.models import User
from caseload.models import Placement, Portfolio
from caseload.models.portfolios import PlacementQuerySet, PortfolioQuerySet

GONE = "Une personne choisie n'est plus à votre portée. Revenez à la liste et choisissez de nouveau."


class TransferForm(forms.Form):
    """A transfer decision. People are identified by the placements that the page showed, so that two decisions never
    move the same person twice.
    """

    use_required_attribute = False

    people = forms.ModelMultipleChoiceField(
        label="Personnes",
        queryset=Placement.objects.none(),
        widget=forms.MultipleHiddenInput,
        error_messages={
            "required": "Choisissez au moins une personne.",
            "invalid_choice": GONE,
            "invalid_pk_value": GONE,
        },
    )
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
    due_on = DayField(
        label="Jour du transfert",
        required=False,
        help_text="Laissez vide pour transférer tout de suite. À une date, le transfert se fera de lui-même.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Écrivez une date, par exemple 02/12/2013."},
    )
    reason = LineField(
        label="Motif",
        max_length=200,
        help_text="Lu par les conseillers concernés, pas par la personne.",
        error_messages={
            "required": "Indiquez le motif de ce transfert.",
        },
    )
    keep_reading = forms.BooleanField(
        label="L'ancien conseiller peut lire les dossiers pendant 30 jours",
        required=False,
        help_text="Il lit le dossier et la conversation, sans rien pouvoir y écrire.",
    )
    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, *, actor: User, people: PlacementQuerySet, targets: PortfolioQuerySet, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        cast("forms.ModelMultipleChoiceField", self.fields["people"]).queryset = people
        cast("forms.ModelMultipleChoiceField", self.fields["targets"]).queryset = targets
        self.initial.setdefault("token", uuid4())
        if not actor.is_manager:
            del self.fields["keep_reading"]


class PlaceForm(forms.Form):
    """One of the proposed portfolios. If it has filled meanwhile, the error names it."""

    portfolio = forms.TypedChoiceField(
        label="Portefeuille",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez un portefeuille.",
            "invalid_choice": "Ce portefeuille vient de se remplir. Choisissez parmi ceux qui ont de la place.",
        },
    )

    def __init__(self, *args: Any, proposals: list[Portfolio], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposals = proposals
        self.fields["portfolio"].choices = [  # type: ignore[attr-defined]
            (portfolio.pk, portfolio.adviser.user.full_name) for portfolio in proposals
        ]

    def clean_portfolio(self) -> Portfolio:
        chosen: int = self.cleaned_data["portfolio"]
        return next(portfolio for portfolio in self.proposals if portfolio.pk == chosen)

    @property
    def chosen(self) -> str:
        """The key that is ticked, or an empty string."""
        return str(self["portfolio"].value() or "")
