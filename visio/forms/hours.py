"""Forms of an adviser's hours, and the fields that slots share with them."""

from collections.abc import Sequence
from datetime import time
from typing import Any

from django import forms
from django.forms import BoundField

from accompaniment.enums import Channel
from accompaniment.forms.fields import LineField, NumberField
from accompaniment.forms.seen import SeenForm
from accompaniment.rules.french import hour_in_words
from visio.models import ADDRESS_LENGTH
from visio.rules.slots import (
    LONGEST_BUFFER,
    LONGEST_HORIZON,
    MOST_URGENT,
    PERIODS_AT_MOST,
    SHORTEST_HORIZON,
    BookingRules,
    Stretch,
    hour_in,
)

CHANNEL_CHOICES = [
    (Channel.VIDEO.value, "En visio"),
    (Channel.PHONE.value, "Par téléphone"),
    (Channel.ON_SITE.value, "En agence"),
]


class HourField(LineField):
    """A wall-clock time as people write it: « 9 », « 9 h 30 », « 9:30 » or « 0930 »."""

    def clean(self, value: Any) -> Any:
        """Return the time; None if nothing was typed."""
        typed = str(super().clean(value)).strip()
        found = hour_in(typed)
        if typed and found is None:
            raise forms.ValidationError(f"Écrivez une heure comme ceci\u00a0: {hour_in_words(time(9, 30))}.")
        return found

    def prepare_value(self, value: Any) -> Any:
        """Show a time in words."""
        return hour_in_words(value) if isinstance(value, time) else value


class OutsideCalendarForm(forms.Form):
    """The iCalendar address of an adviser."""

    address = LineField(
        label="Adresse iCalendar de mon agenda",
        help_text="Elle commence par https://. Votre agenda la donne dans ses réglages de partage.",
        max_length=ADDRESS_LENGTH,
        error_messages={"required": "Écrivez l'adresse de votre agenda."},
    )


class BookingSettingsForm(SeenForm):
    """How an adviser can be booked."""

    horizon_days = NumberField(
        label="Proposer des créneaux pendant, en jours",
        help_text="Un entretien obligatoire peut toujours être fixé jusqu'à son dernier jour.",
        min_value=SHORTEST_HORIZON.days,
        max_value=LONGEST_HORIZON.days,
    )
    buffer_minutes = NumberField(
        label="Temps libre après un entretien, en minutes",
        min_value=0,
        max_value=LONGEST_BUFFER.seconds // 60,
    )
    urgent_percent = NumberField(
        label="Part gardée pour les urgences, en pour cent",
        help_text="Les derniers créneaux de chaque jour. Vous pouvez les réserver\u00a0; les personnes les voient la "
        "veille.",
        min_value=0,
        max_value=MOST_URGENT,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, NumberField):
                least, most = field.min_value, field.max_value
                wrong = f"Écrivez un nombre de {least} à {most}."
                field.error_messages.update(dict.fromkeys(("required", "invalid", "min_value", "max_value"), wrong))

    def rules(self) -> BookingRules:
        """Return what was typed."""
        facts = self.cleaned_data
        return BookingRules(
            horizon_days=facts["horizon_days"],
            buffer_minutes=facts["buffer_minutes"],
            urgent_percent=facts["urgent_percent"],
        )


class DayHoursForm(SeenForm):
    """The periods of a day. An empty line is no period."""

    use_required_attribute = False
    sometimes_required = tuple(
        f"{name}_{number}" for name in ("begin", "end", "channels") for number in range(PERIODS_AT_MOST)
    )

    def __init__(self, *args: Any, stretches: Sequence[Stretch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(PERIODS_AT_MOST):
            one = stretches[number] if number < len(stretches) else None
            self.fields[f"begin_{number}"] = HourField(
                label="Début", required=False, max_length=10, initial=one.starts_at if one else None
            )
            self.fields[f"end_{number}"] = HourField(
                label="Fin", required=False, max_length=10, initial=one.ends_at if one else None
            )
            self.fields[f"channels_{number}"] = forms.MultipleChoiceField(
                label="Comment",
                choices=CHANNEL_CHOICES,
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=sorted(one.channels) if one else [value for value, _ in CHANNEL_CHOICES],
            )

    def clean(self) -> None:
        for number in range(PERIODS_AT_MOST):
            begin, end = (self.cleaned_data.get(f"{name}_{number}") for name in ("begin", "end"))
            half = (begin is None) != (end is None)
            missing = "begin" if begin is None else "end"
            if half and f"{missing}_{number}" not in self.errors:
                self.add_error(f"{missing}_{number}", "Écrivez aussi cette heure, ou videz la ligne.")

    def stretches(self) -> list[Stretch]:
        """Return the periods that were typed, in the order of the day."""
        found = []
        for number in range(PERIODS_AT_MOST):
            begin, end = self.cleaned_data[f"begin_{number}"], self.cleaned_data[f"end_{number}"]
            if begin is not None and end is not None:
                found.append(Stretch(begin, end, frozenset(self.cleaned_data[f"channels_{number}"])))
        return sorted(found, key=lambda one: one.starts_at)

    def rows(self) -> list[tuple[BoundField, BoundField, BoundField]]:
        """Return the fields of each line: begin, end, channels."""
        return [
            (self[f"begin_{number}"], self[f"end_{number}"], self[f"channels_{number}"])
            for number in range(PERIODS_AT_MOST)
        ]
