"""What an adviser notes of a contact outside the service's own channels."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from accompaniment.enums import ContactNature, Initiator
from accompaniment.forms.fields import DayField, LinesField, NumberField
from accompaniment.models.journal import LONGEST_CONTACT
from accompaniment.rules.tracks import NOTED_CHANNELS
from caseload.services.file.contacts import LONGEST_TEXT, ContactFacts


class ContactForm(forms.Form):
    """A contact in the reader's zone."""

    nature = forms.ChoiceField(
        label="Comment s'est fait ce contact\u00a0?",
        choices=[(one.value, one.label) for one in NOTED_CHANNELS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment ce contact s'est fait."},
    )
    began_by = forms.ChoiceField(
        label="À l'initiative de",
        choices=[(Initiator.PERSON.value, "La personne"), (Initiator.SERVICE.value, "Vous ou l'agence")],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites qui a pris l'initiative de ce contact."},
    )
    day = DayField(
        label="Jour",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez le jour du contact."},
    )
    hour = forms.TimeField(
        label="Heure",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "Indiquez l'heure, même approchée.", "invalid": "Écrivez l'heure comme 14:30."},
    )
    minutes = NumberField(label="Durée en minutes", required=False, min_value=1, max_value=LONGEST_CONTACT)
    text = LinesField(
        label="Ce qui a été dit ou convenu",
        help_text="La personne lit ce texte\u00a0: écrivez-lui «\u00a0vous\u00a0».",
        max_length=LONGEST_TEXT,
        error_messages={"required": "Notez en une phrase ce qui a été dit ou convenu."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, now: datetime, **kwargs: Any) -> None:
        self.zone = zone
        here = now.astimezone(zone)
        super().__init__(*args, **kwargs)
        self.initial = {"day": here.date(), "hour": here.time()}

    @property
    def facts(self) -> ContactFacts:
        return ContactFacts(
            at=datetime.combine(self.cleaned_data["day"], self.cleaned_data["hour"], tzinfo=self.zone),
            nature=ContactNature(self.cleaned_data["nature"]),
            began_by=Initiator(self.cleaned_data["began_by"]),
            minutes=self.cleaned_data["minutes"],
            text=self.cleaned_data["text"],
        )
