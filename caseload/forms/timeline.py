"""Which stretch of a person's timeline is asked for, read from the address. What does not parse asks for nothing."""

from dataclasses import dataclass
from datetime import datetime

from django import forms

from accompaniment.forms.fields import LineField
from accompaniment.parsing import instant_in
from caseload.enums import TimelineKind


@dataclass(frozen=True, slots=True)
class AskedStretch:
    """One kind of events (None: all), before an instant (None: the newest)."""

    kind: TimelineKind | None
    before: datetime | None


class TimelineForm(forms.Form):
    fil = forms.TypedChoiceField(required=False, choices=TimelineKind.choices, coerce=TimelineKind, empty_value=None)
    avant = LineField(required=False, max_length=40)

    @property
    def stretch(self) -> AskedStretch:
        """What the address asks for."""
        self.is_valid()
        found = self.cleaned_data
        return AskedStretch(kind=found.get("fil"), before=instant_in(found.get("avant", "").replace(" ", "+")))
