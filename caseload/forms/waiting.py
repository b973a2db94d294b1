"""Which portfolio a person of the waiting list is placed into."""

from typing import Any

from django import forms

from caseload.models import Portfolio


class PlaceForm(forms.Form):
    """One of the portfolios that are proposed; one that has filled meanwhile is said so by its name."""

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
        """The key that is ticked; empty where none is."""
        return str(self["portfolio"].value() or "")
