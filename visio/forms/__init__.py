"""Forms of the top floor. They only parse."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse

from accompaniment.enums import Bandwidth, Channel
from accompaniment.forms.fields import CHOOSE, DayField, LineField, LinesField, ReturnField
from accompaniment.forms.phone import PhoneField, phone_field
from accompaniment.forms.plans import CHANGE, KEEP
from accompaniment.forms.seen import SeenForm
from accompaniment.models import Jobseeker
from accompaniment.rules.french import hour_in_words, hour_there, weekday_in_words
from accompaniment.rules.meanwhile import NOT_SEEN, Shown
from accompaniment.rules.parsing import instant_in
from accompaniment.services.contact_details import NO_NUMBER
from visio.enums import AbsenceDecision, NextStep, Outcome, RescueReply
from visio.forms.hours import CHANNEL_CHOICES, HourField
from visio.models import ANSWER_LENGTH, REASON_LENGTH, SLOTS_OFFERED_AT_MOST
from visio.reads.availability import SlotDay
from visio.rules.slots import only_by


def hours_by_day(
    days: Sequence[SlotDay], *, zone: ZoneInfo, others: Iterable[ZoneInfo]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choices of a menu: the free hours, grouped by their day."""
    return [
        (
            weekday_in_words(day.day),
            [
                (
                    starts.isoformat(),
                    ", ".join(filter(None, (hour_there(starts, zone=zone, others=others), only_by(by)))),
                )
                for starts, by in day.slots.items()
            ],
        )
        for day in days
    ]


class SlotForm(forms.Form):
    """A channel and a slot of the picker."""

    sometimes_required: tuple[str, ...] = ("phone",)

    channel = forms.ChoiceField(
        label="Comment souhaitez-vous échanger ?",
        choices=CHANNEL_CHOICES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la visio, le téléphone ou l'agence."},
    )
    phone = PhoneField(
        label="Numéro à appeler",
        help_text="Pour un entretien par téléphone. C'est le numéro du dossier\u00a0: corrigez-le s'il a changé.",
        required=False,
    )
    slot = forms.CharField(label="Créneau", error_messages={"required": "Choisissez une heure."})

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_number = bool(person.phone)
        phone_field(self).belong_to(person)

    def clean(self) -> None:
        by_phone = self.cleaned_data.get("channel") == Channel.PHONE
        if not by_phone:
            self.errors.pop("phone", None)
        elif not (self.cleaned_data.get("phone") or self.has_number or "phone" in self.errors):
            self.add_error("phone", NO_NUMBER)

    def clean_slot(self) -> datetime:
        slot = instant_in(self.cleaned_data["slot"])
        if slot is None:
            raise forms.ValidationError("Choisissez une heure.")
        return slot


class BookForForm(SlotForm):
    """The same for an adviser, who may write an hour of their own choice and say that it is outside their hours."""

    sometimes_required = ("phone", "other_day", "other_hour", "over_hours")

    slot = forms.CharField(label="Créneau", required=False)
    other_day = DayField(
        label="Jour",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."},
    )
    other_hour = HourField(
        label="Heure", help_text=f"Par exemple {hour_in_words(time(17, 30))}", required=False, max_length=10
    )
    over_hours = forms.BooleanField(label="Je sais que cette heure est en dehors de mes horaires", required=False)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_slot(self) -> datetime | None:  # type: ignore[override]
        """Return the slot of the picker; None if none was chosen."""
        return instant_in(self.cleaned_data["slot"])

    def clean(self) -> None:
        super().clean()
        day, hour = self.cleaned_data.get("other_day"), self.cleaned_data.get("other_hour")
        if "other_day" in self.errors or "other_hour" in self.errors:
            return
        if day is None and hour is None:
            if self.cleaned_data.get("slot") is None:
                self.add_error("slot", "Choisissez une heure.")
        elif day is None or hour is None:
            missing = "other_day" if day is None else "other_hour"
            self.add_error(missing, "Écrivez le jour et l'heure, ou aucun des deux.")
        elif not self.cleaned_data.get("over_hours"):
            self.add_error("over_hours", "Cochez cette case, ou choisissez un créneau proposé.")
        else:
            self.cleaned_data["slot"] = datetime.combine(day, hour, self.zone).astimezone(UTC)


class CancelForm(forms.Form):
    """Why an interview does not take place; the adviser must say it."""

    reason = LinesField(
        label="Pourquoi cet entretien n'a pas lieu",
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, is_required: bool, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        field.required, field.help_text = is_required, hint
        field.error_messages["required"] = "Écrivez à la personne pourquoi l'entretien n'a pas lieu."


class SlotOnLineForm(SlotForm):
    """The same for an adviser, on a line of a list, where the free hours are a menu by day."""

    slot = forms.CharField(label="Créneau", widget=forms.Select, error_messages={"required": "Choisissez une heure."})

    def offer(self, days: Sequence[SlotDay], *, zone: ZoneInfo, others: Iterable[ZoneInfo]) -> None:
        """Show these hours."""
        self.fields["slot"].widget.choices = [CHOOSE, *hours_by_day(days, zone=zone, others=others)]


class SlotOfferForm(forms.Form):
    """Some free slots and a channel, offered in a message. `client_id` is new with each page."""

    channel = forms.ChoiceField(
        label="Comment échanger",
        choices=CHANNEL_CHOICES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la visio, le téléphone ou l'agence."},
    )
    slots = forms.MultipleChoiceField(
        label="Créneaux à proposer",
        help_text=f"Cochez-en {SLOTS_OFFERED_AT_MOST} au plus. La personne en choisit un, et il est réservé.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Cochez au moins un créneau.",
            "invalid_choice": "Un des créneaux cochés n'est plus libre. Choisissez-en un autre.",
        },
    )
    text = LinesField(
        label="Votre message",
        help_text="Il précède la liste des créneaux.",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    suite = ReturnField()

    def __init__(
        self, *args: Any, days: Sequence[SlotDay], zone: ZoneInfo, others: Iterable[ZoneInfo], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slots"].choices = hours_by_day(days, zone=zone, others=others)  # type: ignore[attr-defined]

    def clean_slots(self) -> list[datetime]:
        """Return the chosen slots, at most as many as one message may offer."""
        chosen: list[str] = self.cleaned_data["slots"]
        if len(chosen) > SLOTS_OFFERED_AT_MOST:
            raise forms.ValidationError(f"Cochez {SLOTS_OFFERED_AT_MOST} créneaux au plus.")
        return [datetime.fromisoformat(one) for one in chosen]

    def days(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Return the boxes by day: what each sends, its hour, and whether it is ticked."""
        ticked = set(self["slots"].value() or [])
        return [
            (day, [(value, hour, value in ticked) for value, hour in hours])
            for day, hours in self.fields["slots"].choices  # type: ignore[attr-defined]
        ]


class OfferedSlotForm(forms.Form):
    """The slot that a person chooses on a card."""

    slot = LineField(required=False, max_length=40)

    def clean_slot(self) -> datetime:
        slot = instant_in(self.cleaned_data["slot"])
        if slot is None:
            raise forms.ValidationError("Choisissez un des créneaux proposés.")
        return slot


class OnSiteForm(forms.Form):
    comment = LinesField(
        label="Souhaitez-vous préciser quelque chose ?",
        help_text="Par exemple le sujet, ou les moments qui vous conviennent.",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class OnSiteAnswerForm(forms.Form):
    """An answer, and the address of the page from which it was sent."""

    answer = LinesField(
        label="Votre réponse",
        help_text="La personne la lit sur sa page : date, heure et lieu, ou ce que vous lui proposez.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    back = ReturnField()

    def clean_back(self) -> str:
        """Return the page to lead back to: one of this site, or else the list of requests."""
        back: str = self.cleaned_data["back"]
        return back or reverse("on_site_requests")


class OnSiteMeetingForm(OnSiteAnswerForm):
    """An answer in words, or with a free hour of the person's adviser, which books the meeting."""

    slot = forms.TypedChoiceField(
        label="Recevoir la personne le",
        help_text="Le rendez-vous est réservé et la personne reçoit une confirmation.",
        coerce=instant_in,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "Ce créneau n'est plus proposé. Choisissez-en un autre."},
    )

    field_order = ("slot", "answer", "back")

    def __init__(
        self, *args: Any, days: Sequence[SlotDay], zone: ZoneInfo, others: Iterable[ZoneInfo], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = hours_by_day(days, zone=zone, others=others)
        if not offered:
            del self.fields["slot"]
            return
        self.fields["slot"].choices = [("", "Sans rendez-vous"), *offered]  # type: ignore[attr-defined]
        self.fields["answer"].help_text = "Facultative avec un rendez-vous. La personne la lit sur sa page."
        self.fields["answer"].required = not self.data.get("slot")


class AbsenceAnswerForm(forms.Form):
    """The person's explanation of an absence."""

    text = LinesField(
        label="Ce qui s'est passé",
        help_text=(
            f"{ANSWER_LENGTH} caractères au plus. Ne donnez pas de détail médical\u00a0: «\u00a0maladie\u00a0» suffit."
        ),
        max_length=ANSWER_LENGTH,
        error_messages={"required": "Écrivez ce qui s'est passé, même en une phrase."},
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class AbsenceDecisionForm(SeenForm):
    """A decision about an absence and its reason. `seen`: the explanations that the page showed."""

    decision = forms.ChoiceField(
        label="Votre décision",
        choices=AbsenceDecision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une décision."},
    )
    reason = LinesField(
        label="Pourquoi",
        help_text=(
            f"La personne lit cette phrase\u00a0: écrivez-lui «\u00a0vous\u00a0». {REASON_LENGTH} caractères au plus. "
            "Exemple\u00a0: «\u00a0Vous avez prévenu l'accueil de votre agence.\u00a0»"
        ),
        max_length=REASON_LENGTH,
        error_messages={"required": "Dites pourquoi, en une phrase\u00a0: la personne la lit."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, may_confirm: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_confirm and not self.is_bound:
            self.fields["decision"].choices = [  # type: ignore[attr-defined]
                (AbsenceDecision.SET_ASIDE.value, AbsenceDecision.SET_ASIDE.label)
            ]
            self.initial.setdefault("decision", AbsenceDecision.SET_ASIDE.value)


class TroubleForm(forms.Form):
    """What did not work."""

    note = LineField(label="Que se passe-t-il ?", max_length=200, required=False)


class DeviceCheckForm(forms.Form):
    """The findings of the device test."""

    camera = forms.BooleanField(required=False)
    microphone = forms.BooleanField(required=False)
    without_microphone = forms.BooleanField(required=False)
    connection = forms.ChoiceField(choices=Bandwidth.choices)
    round_trip_ms = forms.IntegerField(required=False, min_value=0, max_value=60_000)
    device = LineField(required=False, max_length=120)


NO_PLAN = Shown("plan", "", NOT_SEEN)


class ReportForm(SeenForm):
    """How an interview ended. Conclusions and the next step are required if it took place."""

    sometimes_required = ("plan_review_on",)

    outcome = forms.ChoiceField(
        label="Comment l'entretien s'est-il terminé ?",
        choices=Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites comment l'entretien s'est terminé."},
    )
    conclusions = LinesField(
        label="Conclusions",
        help_text=(
            "La personne lit ce texte\u00a0: écrivez-lui «\u00a0vous\u00a0». "
            "Exemple\u00a0: «\u00a0Vous hésitez entre deux métiers.\u00a0»"
        ),
        max_length=5000,
        error_messages={"required": "Écrivez ce qui a été décidé, même en une phrase."},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    next_step = forms.ChoiceField(
        label="Suite",
        choices=[CHOOSE, *NextStep.choices],
        error_messages={"required": "Choisissez la suite."},
    )
    plan = forms.ChoiceField(
        label="Le plan de contact",
        choices=[(KEEP, "Convient encore"), (CHANGE, "Est à changer : je le fais juste après")],
        widget=forms.RadioSelect,
        error_messages={"required": "Dites si le plan de contact convient encore."},
    )
    plan_review_on = DayField(
        label="À revoir au plus tard le",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = LineField(
        label="Ce qui n'a pas fonctionné",
        help_text="Par exemple « pas de son du côté de la personne ».",
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, reviews_plan: bool, shown: Shown = NO_PLAN, **kwargs: Any) -> None:
        super().__init__(*args, shown=shown, **kwargs)
        if not reviews_plan:
            del self.fields["plan"], self.fields["plan_review_on"], self.fields["seen"]
        if self.is_bound and self.data.get("outcome") != Outcome.HELD:
            for name in {"conclusions", "next_step", "plan"} & self.fields.keys():
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if (
            facts.get("outcome") == Outcome.HELD
            and facts.get("plan") == KEEP
            and not facts.get("plan_review_on")
            and "plan_review_on" not in self.errors
        ):
            self.add_error("plan_review_on", "Indiquez quand revoir ce plan avec la personne.")
        return facts

    @property
    def kept_until(self) -> date | None:
        """Return the day of the next review if the plan is kept, or None if it is to change or there is none."""
        return self.cleaned_data.get("plan_review_on") if self.cleaned_data.get("plan") == KEEP else None

    @property
    def is_to_change(self) -> bool:
        return self.cleaned_data["outcome"] == Outcome.HELD and self.cleaned_data.get("plan") == CHANGE


class RescueForm(forms.Form):
    """Which of the three buttons was pressed."""

    reply = forms.ChoiceField(
        choices=RescueReply,
        error_messages={
            "required": "Choisissez une des trois réponses.",
            "invalid_choice": "Choisissez une des trois réponses.",
        },
    )


class CalendarFeedForm(forms.Form):
    """Whether a calendar that others may read says what the appointments are."""

    tells_subject = forms.BooleanField(
        label="Écrire dans mon agenda qu'il s'agit d'un entretien",
        help_text=(
            "Sans cela, l'agenda affiche seulement «\u00a0Rendez-vous\u00a0». "
            "C'est plus discret dans un agenda partagé, par exemple en famille."
        ),
        required=False,
    )
