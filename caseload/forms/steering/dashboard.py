"""The period of the dashboard and the filters of a manager's lists."""

from datetime import date, timedelta
from typing import Any

from django import forms

from accompaniment.enums import Modality
from accompaniment.forms.fields import DayField
from accompaniment.models import Agency, Region
from accompaniment.models.expressions import alphabetical
from caseload.reads.steering.figures import Period

USUAL_DAYS = 30
LONGEST_DAYS = 3 * 366


class PeriodForm(forms.Form):
    """From and to, both included. An empty form is the last thirty days."""

    du = DayField(label="Du", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    au = DayField(label="Au", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, *, today: date) -> None:
        self.usual = Period(today - timedelta(days=USUAL_DAYS - 1), today)
        asked = data if data.get("du") or data.get("au") else {"du": self.usual.first, "au": self.usual.last}
        super().__init__(asked)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("du"), found.get("au")
        if first and last:
            if last < first:
                self.add_error("au", "La fin de la période est avant son début.")
            elif (last - first).days > LONGEST_DAYS:
                self.add_error("au", "Choisissez une période de trois ans au plus.")
        return found

    @property
    def period(self) -> Period:
        """The requested period; the usual one while the form has an error."""
        if not self.is_valid():
            return self.usual
        return Period(self.cleaned_data["du"], self.cleaned_data["au"])


class StaffFilterForm(forms.Form):
    """Filters by region, agency and modality, limited to what the manager steers."""

    region = forms.ModelChoiceField(Region.objects.none(), label="Région", required=False, empty_label="Toutes")
    agence = forms.ModelChoiceField(
        Agency.objects.none(), label="Agence", required=False, empty_label="Toutes", to_field_name="code"
    )
    modalite = forms.ChoiceField(label="Modalité", required=False, choices=[("", "Toutes"), *Modality.choices])

    def __init__(self, data: Any, *, regions: Any) -> None:
        super().__init__(data)
        self.fields["region"].queryset = regions  # type: ignore[attr-defined]
        self.fields["agence"].queryset = (  # type: ignore[attr-defined]
            Agency.objects.filter(departement__region__in=regions, advisers__isnull=False)
            .distinct()
            .order_by(alphabetical("name"), "pk")
        )

    @property
    def kept(self) -> dict[str, Any]:
        """Return the choices, without empty and invalid ones."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
