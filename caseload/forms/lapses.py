"""For how many days something waits."""

from django import forms

from accompaniment.enums import Awaited
from accompaniment.forms.fields import CHOOSE, DayField, LineField, NumberField
from accompaniment.french import days_in_words
from accompaniment.services.enrolments.lapses import LONGEST_DELAY


class LapseDelayForm(forms.Form):
    """A delay from a day on, with its reason."""

    use_required_attribute = False

    state = forms.ChoiceField(
        label="Pour",
        choices=[CHOOSE, *Awaited.choices],
        error_messages={"required": "Choisissez ce qui attend une réponse."},
    )
    days = forms.IntegerField(
        label="Délai, en jours",
        min_value=1,
        max_value=LONGEST_DELAY,
        error_messages={
            "required": "Indiquez un nombre de jours.",
            "invalid": "Écrivez un nombre entier.",
            "min_value": "Indiquez un jour au moins.",
            "max_value": f"Indiquez {days_in_words(LONGEST_DELAY)} au plus.",
        },
    )
    starts_on = DayField(
        label="À partir du",
        error_messages={"required": "Indiquez un jour.", "invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = LineField(label="Motif", max_length=200, error_messages={"required": "Indiquez le motif."})
    replaces = NumberField(required=False, widget=forms.HiddenInput())
    """The days of the delay that this one replaces, which the page has shown."""
