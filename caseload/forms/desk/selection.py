"""People ticked in the portfolio list: `personne`, repeated, in an address or a form."""

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from accompaniment.enums import Channel, ContactNature
from accompaniment.forms.fields import CHOOSE, DayField, LineField, LinesField
from accompaniment.forms.plans import contact_choices, interval_choices
from accompaniment.rules.errors import DomainError
from accompaniment.rules.parsing import number_in, numbers_in
from accompaniment.services.plan_reviews import NewPlan
from accompaniment.services.plans import check_review_day
from caseload.forms.desk.portfolio_filter import filter_in
from caseload.rules.portfolio_filter import PortfolioFilter

PERSON = "personne"
LIST = "liste"
"""The filters and the order of the list on which the people were ticked."""
MOST_PEOPLE = 1000
"""The most people in one selection: more than the largest portfolio holds together with its cover."""


def selected_in(data: QueryDict) -> list[int]:
    """Return the primary keys of the ticked people, each once, in the order given. Values that are no numbers are
    ignored.
    """
    return list(dict.fromkeys(numbers_in(data.getlist(PERSON))))[:MOST_PEOPLE]


def seen_in(data: QueryDict) -> dict[int, str]:
    """Return, for each person, the token of the contact plan that the page showed."""
    parts = (text.partition(":") for text in data.getlist("vu"))
    return {pk: token for key, _, token in parts if (pk := number_in(key)) is not None}


def list_in(data: QueryDict) -> PortfolioFilter:
    """Return the query of the list on which people were ticked, to lead back to it."""
    return filter_in(data.get(LIST, ""))


class SavedViewForm(forms.Form):
    """The name of a selection of the portfolio list."""

    name = LineField(
        label="Nom de la vue",
        help_text="Par exemple\u00a0: «\u00a0Sans réponse, guidé\u00a0».",
        max_length=60,
        error_messages={"required": "Donnez un nom à cette vue."},
    )


class PlansForm(forms.Form):
    """One contact plan for several people."""

    contact = forms.ChoiceField(
        label="Contact",
        choices=lambda: [CHOOSE, *contact_choices()],
        error_messages={"required": "Choisissez le type de contact."},
    )
    interval_days = forms.TypedChoiceField(
        label="Fréquence",
        coerce=int,
        choices=lambda: [CHOOSE, *interval_choices()],
        error_messages={"required": "Choisissez la fréquence."},
    )
    reason = LinesField(
        label="Motif",
        help_text="Une phrase que chaque personne comprend\u00a0: elle la lit dans son espace.",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Indiquez le motif du changement."},
    )
    review_on = DayField(
        label="À revoir le",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez quand revoir ce plan avec chaque personne."},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_review_on(self) -> date:
        review_on: date = self.cleaned_data["review_on"]
        try:
            check_review_day(review_on, today=self.today)
        except DomainError as refusal:
            raise forms.ValidationError(refusal.sentence) from refusal
        return review_on

    @property
    def new_plan(self) -> NewPlan:
        nature, channel = self.cleaned_data["contact"].split("-")
        return NewPlan(
            nature=ContactNature(nature), channel=Channel(channel), interval_days=self.cleaned_data["interval_days"]
        )
