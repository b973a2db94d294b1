"""What is typed about a contact plan: the adviser's decision, and the person's wish."""

from typing import Any

from django import forms

from accompaniment.enums import OWN_CHANNELS, Channel, ContactNature
from accompaniment.forms.fields import CHOOSE, DayField, LinesField
from accompaniment.forms.seen import SeenForm
from accompaniment.rules.french import frequency_in_words
from accompaniment.rules.tracks import PLAN_CHANNELS
from accompaniment.services.plan_reviews import NewPlan

KEEP, CHANGE = "garder", "changer"

USUAL_INTERVALS = (7, 14, 21, 28, 42, 60, 90, 120, 180)
"""The intervals in days that the pages offer, besides the one in force."""

CONTACTS = {
    (ContactNature.INTERVIEW, Channel.VIDEO): "Un entretien en visio",
    (ContactNature.INTERVIEW, Channel.PHONE): "Un entretien par téléphone",
    (ContactNature.INTERVIEW, Channel.ON_SITE): "Un entretien en agence",
    (ContactNature.MESSAGE, Channel.CHAT): "Un échange de messages",
    (ContactNature.CALLBACK, Channel.PHONE): "Un rappel téléphonique",
}


def contact_choices() -> list[tuple[str, str]]:
    """Return every pair of a nature and a channel that is possible for it, as values and labels."""
    return [
        (f"{nature}-{channel}", CONTACTS[nature, channel])
        for nature, channels in PLAN_CHANNELS.items()
        for channel in channels
    ]


def contact_by(channel: str, *, nature: str) -> str:
    """Return the choice for this channel, with this nature if the channel allows it."""
    natures = (nature, *PLAN_CHANNELS)
    fitting = next(one for one in natures if channel in PLAN_CHANNELS.get(ContactNature(one), ()))
    return f"{fitting}-{channel}"


def interval_choices(*present: int | None) -> list[tuple[int, str]]:
    """Return the frequencies offered, the present ones among them, as values and labels."""
    days = sorted({*USUAL_INTERVALS, *(one for one in present if one)})
    return [(number, frequency_in_words(number).capitalize()) for number in days]


class PlanDecisionForm(SeenForm):
    """Keep the plan until the next review, or set another one; both have a day of review."""

    sometimes_required = ("contact", "interval_days", "reason")

    decision = forms.ChoiceField(
        label="Que décidez-vous avec la personne ?",
        choices=[(KEEP, "Garder ce plan"), (CHANGE, "Changer le plan")],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si le plan est gardé ou changé."},
    )
    contact = forms.ChoiceField(label="Contact", choices=lambda: [CHOOSE, *contact_choices()], required=False)
    interval_days = forms.TypedChoiceField(label="Fréquence", coerce=int, empty_value=None, required=False)
    reason = LinesField(
        label="Motif",
        help_text="Une phrase que la personne comprend : elle la lit dans son espace.",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    review_on = DayField(
        label="À revoir le",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Indiquez quand revoir ce plan avec la personne."},
    )

    def __init__(self, *args: Any, present_interval: int | None, answers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.answers = answers
        intervals = [CHOOSE, *interval_choices(present_interval)]
        self.fields["interval_days"].choices = intervals  # type: ignore[attr-defined]
        if answers:
            self.fields["reason"].label = "Motif et réponse à la personne"

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        changes = facts.get("decision") == CHANGE
        if changes and not facts.get("contact") and "contact" not in self.errors:
            self.add_error("contact", "Choisissez le type de contact.")
        if changes and not facts.get("interval_days") and "interval_days" not in self.errors:
            self.add_error("interval_days", "Choisissez la fréquence.")
        if (changes or self.answers) and not facts.get("reason", "").strip() and "reason" not in self.errors:
            sentence = "Répondez à la demande de la personne." if self.answers else "Indiquez le motif du changement."
            self.add_error("reason", sentence)
        return facts

    @property
    def new_plan(self) -> NewPlan | None:
        """The plan that was agreed on; None when the present one is kept."""
        if self.cleaned_data["decision"] == KEEP:
            return None
        nature, channel = self.cleaned_data["contact"].split("-")
        return NewPlan(
            nature=ContactNature(nature), channel=Channel(channel), interval_days=self.cleaned_data["interval_days"]
        )


class PlanWishForm(forms.Form):
    """The person's wish for another plan; one of the three fields is enough."""

    sometimes_required = ("wished_channel", "wished_interval_days", "comment")

    wished_channel = forms.ChoiceField(
        label="Comment préférez-vous échanger ?",
        choices=[("", "Comme aujourd'hui"), *OWN_CHANNELS],
        required=False,
    )
    wished_interval_days = forms.TypedChoiceField(
        label="À quelle fréquence ?",
        choices=lambda: [("", "Comme aujourd'hui"), *interval_choices()],
        coerce=int,
        empty_value=None,
        required=False,
    )
    comment = LinesField(
        label="Voulez-vous préciser ?",
        help_text="Par exemple : « Je préfère le téléphone le matin. »",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(facts.values()):
            self.add_error("wished_channel", "Dites ce que vous souhaitez changer, ici ou dans un des champs suivants.")
        return facts
