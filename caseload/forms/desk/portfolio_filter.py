"""Filters of the lists, read from the address. A value that does not parse is ignored."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from accompaniment.enums import Tier, Track
from accompaniment.forms.fields import NumberField, SearchField, search_in
from caseload.enums import Answerer, CaseOrder
from caseload.rules.portfolio_filter import DESCENDING, NEEDS, PortfolioFilter

LONGEST_WITHOUT_CONTACT = 999  # days


class PortfolioFilterForm(forms.Form):
    """Search, filters and order of the portfolio list."""

    q = SearchField(label="Rechercher un nom ou un identifiant")
    besoin = forms.ChoiceField(label="Besoin", required=False, choices=[("", "Tous"), *NEEDS])
    sans_contact = forms.IntegerField(
        label="Sans contact depuis, en jours", required=False, min_value=1, max_value=LONGEST_WITHOUT_CONTACT
    )
    modalite = forms.ChoiceField(label="Modalité", required=False, choices=[("", "Toutes"), *Tier.choices])
    parcours = forms.ChoiceField(label="Parcours", required=False, choices=[("", "Tous"), *Track.choices])
    suivi = forms.ChoiceField(label="Suivi", required=False, choices=[("", "Tous"), *Answerer.choices])
    portefeuille = NumberField(required=False, min_value=1)
    tri = forms.ChoiceField(
        required=False,
        choices=[(sign + value, label) for value, label in CaseOrder.choices for sign in ("", DESCENDING)],
    )
    masquer = forms.MultipleChoiceField(
        label="Colonnes à masquer",
        required=False,
        choices=[choice for choice in CaseOrder.choices if choice[0] != CaseOrder.NAME],
        widget=forms.CheckboxSelectMultiple,
    )


def portfolio_filter(data: Mapping[str, Any]) -> PortfolioFilter:
    """Read the filter from a query string."""
    form = PortfolioFilterForm(data)
    form.is_valid()
    found, search = form.cleaned_data, search_in(form)
    order = found.get("tri") or CaseOrder.NEED
    return PortfolioFilter(
        words=search.words,
        refusal=search.refusal,
        need=found.get("besoin", ""),
        days_without_contact=found.get("sans_contact"),
        tier=found.get("modalite", ""),
        track=found.get("parcours", ""),
        answerer=found.get("suivi", ""),
        portfolio=found.get("portefeuille"),
        order=CaseOrder(order.removeprefix(DESCENDING)),
        descending=order.startswith(DESCENDING),
        hidden=tuple(column for column in CaseOrder if column in found.get("masquer", [])),
    )


def filter_in(query: str) -> PortfolioFilter:
    """Read the filter from a query string as text, with or without its question mark."""
    return portfolio_filter(QueryDict(query.removeprefix("?")))
