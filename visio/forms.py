"""Forms of the top floor: they parse."""

from datetime import datetime
from typing import Any

from django import forms

from accompaniment.enums import Channel
from visio.availability import parse_slot
from visio.enums import NextStep, Outcome

CHANNEL_CHOICES = [
    (Channel.VIDEO.value, "En visio"),
    (Channel.PHONE.value, "Par téléphone"),
    (Channel.ON_SITE.value, "En agence"),
]


class SlotForm(forms.Form):
    """A channel and a slot of the picker."""

    channel = forms.ChoiceField(
        label="Comment souhaitez-vous échanger ?",
        choices=CHANNEL_CHOICES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la visio, le téléphone ou l'agence."},
    )
    slot = forms.CharField(label="Créneau", error_messages={"required": "Choisissez une heure."})

    def clean_slot(self) -> datetime:
        try:
            return parse_slot(self.cleaned_data["slot"])
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError("Choisissez une heure.") from error


class OnSiteForm(forms.Form):
    comment = forms.CharField(
        label="Souhaitez-vous préciser quelque chose ?",
        help_text="Par exemple le sujet, ou les moments qui vous conviennent.",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class OnSiteAnswerForm(forms.Form):
    answer = forms.CharField(
        label="Votre réponse",
        help_text="La personne la lit sur sa page : date, heure et lieu, ou ce que vous lui proposez.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class TroubleForm(forms.Form):
    """What did not work."""

    note = forms.CharField(label="Que se passe-t-il ?", max_length=200, required=False)


class ReportForm(forms.Form):
    """How an interview ended; conclusions and the next step are asked for where it was held."""

    outcome = forms.ChoiceField(
        label="Comment l'entretien s'est-il terminé ?",
        choices=Outcome.choices,
        widget=forms.RadioSelect,
        initial=Outcome.HELD,
        error_messages={"required": "Dites comment l'entretien s'est terminé."},
    )
    conclusions = forms.CharField(
        label="Conclusions",
        help_text="La personne les lit dans son espace.",
        max_length=5000,
        error_messages={"required": "Écrivez ce qui a été décidé, même en une phrase."},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    next_step = forms.ChoiceField(
        label="Suite",
        choices=[("", "Choisir…"), *NextStep.choices],
        error_messages={"required": "Choisissez la suite."},
    )
    note = forms.CharField(
        label="Ce qui n'a pas fonctionné",
        help_text="Par exemple « pas de son du côté de la personne ».",
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and self.data.get("outcome") != Outcome.HELD:
            self.fields["conclusions"].required = False
            self.fields["next_step"].required = False
