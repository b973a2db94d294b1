"""Parsing of what people type: messages, call-back requests, outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.forms.boundfield import BoundWidget
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from accompaniment.forms.fields import DayField, LineField, LinesField, NumberField, ReturnField, SearchField
from accompaniment.forms.phone import PhoneField, phone_field
from accompaniment.forms.seen import SeenForm
from accompaniment.forms.workbook import NoteForm, StepForm
from accompaniment.models import Jobseeker, Objective
from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules.french import (
    excess_in_words,
    hours_there,
    size_in_words,
    weekday_in_words,
    zone_beside,
    zone_in_words,
)
from accompaniment.rules.parsing import instant_in, numbers_in
from accompaniment.rules.sensitive_numbers import kinds_in, warning_about
from messaging.enums import AttemptOutcome, CallbackSubject, CallbackWay, Placeholder
from messaging.models import Conversation
from messaging.reads.attachments import AttachmentItem
from messaging.reads.sequence import Place
from messaging.rules import (
    ATTACHMENTS_AT_MOST,
    BODY_LIMIT,
    REPLY_LIMIT,
    REPLY_NAME_LIMIT,
    WAYS_WITH_NUMBER,
    Window,
    left_to_fill,
)
from messaging.services.attachments import largest
from messaging.services.planned import NO_FILES

COMMENT_LIMIT = 1000
ACCEPTED = ".pdf,image/*,.heic,.docx,.xlsx,.pptx,.odt,.ods,.odp"
"""What the browser's window offers first. What a file is, its content says."""
ABOUT_FILES = (
    f"PDF, images, documents Word, Excel, PowerPoint ou LibreOffice. {ATTACHMENTS_AT_MOST} fichiers au plus, de "
    f"{size_in_words(largest())} chacun."
)
AT_OPENING, NOW = "ouverture", "maintenant"
"""When an adviser sends a message while the agency is closed."""
SECONDS = "%Y%m%dT%H%M%SZ"


class GuardedForm(forms.Form):
    """A text of somebody, in the field `body`, that warns before a number is sent which one should not write.

    `warns`: the text that was sent has such a number. Its author may send it all the same (`despite`).
    """

    despite = forms.BooleanField(required=False, widget=forms.HiddenInput)
    warns = False

    def clean(self) -> dict[str, Any]:
        """Refuse such a number once; nothing is stored."""
        cleaned = super().clean() or self.cleaned_data
        despite = cleaned.pop("despite", False)
        if "body" in cleaned and not despite and (kinds := kinds_in(cleaned["body"])):
            self.warns = True
            self.add_error("body", warning_about(kinds))
        return cleaned


class FilesInput(forms.FileInput):
    """A field for several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files. What each of them is, the service looks at."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the files that were sent."""
        return [file for file in data or [] if file]


class KeysField(forms.Field):
    """Keys of rows, each in a field of its own."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        """Return the keys without those that are none."""
        return numbers_in([str(one) for one in value or ()])


class MessageForm(GuardedForm):
    """A message as a browser without sockets sends it; `client_id` is new with each page.

    `attachments` are files that are stored already, `uploads` come with the form. A message with a file needs no text.
    `quand`: what an adviser chose while the agency was closed. `ferme_a`: when it closes, on a page from before.
    """

    body = LinesField(
        label="Votre message", required=False, max_length=BODY_LIMIT, widget=forms.Textarea(attrs={"rows": 1})
    )
    uploads = FilesField(
        label="Pièces jointes", required=False, help_text=ABOUT_FILES, widget=FilesInput(attrs={"accept": ACCEPTED})
    )
    attachments = KeysField(required=False)
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    quand = forms.CharField(required=False, widget=forms.HiddenInput)
    ferme_a = forms.CharField(required=False, widget=forms.HiddenInput)

    sometimes_required = ("body",)

    kept: Sequence[AttachmentItem] = ()
    """The stored files of a message that was refused, for the page that shows it again."""

    most_files = ATTACHMENTS_AT_MOST
    placeholders = " ".join(one.written for one in Placeholder)
    """What a message of the staff may not hold."""

    @property
    def left_to_fill(self) -> str:
        """What is left to fill in of a canned reply; empty if nothing is."""
        return left_to_fill(self["body"].value() or "")

    @property
    def largest_file(self) -> int:
        """How large a file may be, in bytes."""
        return largest()

    @property
    def waits(self) -> bool:
        """Whether the message is to wait until the agency opens."""
        return bool(self.cleaned_data.get("quand") == AT_OPENING)

    def outlived(self, now: datetime) -> bool:
        """Return whether the page was made while the agency was open, and offered no choice that there is now."""
        closed_at = instant_in(self.cleaned_data.get("ferme_a", ""))
        return not self.cleaned_data.get("quand") and closed_at is not None and closed_at <= now

    def clean(self) -> dict[str, Any]:
        """Demand a text or a file. What waits has no file."""
        cleaned = super().clean() or self.cleaned_data
        has_file = cleaned.get("uploads") or cleaned.get("attachments")
        if has_file and self.waits:
            # Said of the text, because the files of a refused field would not be kept.
            self.add_error("body", NO_FILES)
        if "body" in cleaned and not cleaned["body"].strip() and not has_file:
            self.add_error("body", "Écrivez votre message avant de l'envoyer.")
        return cleaned


class UploadForm(forms.Form):
    """One file, sent before its message; `client_id` stays the same when it is sent again."""

    file = forms.FileField(allow_empty_file=True)
    client_id = forms.UUIDField(widget=forms.HiddenInput)


def composer(
    conversation: Conversation,
    typed: QueryDict | None = None,
    files: "MultiValueDict[str, UploadedFile] | None" = None,
    *,
    body: str = "",
) -> MessageForm:
    """Return the form of a conversation, with HTML ids that are unique on the page. `body`: what it begins with."""
    return MessageForm(typed, files, auto_id=f"message-{conversation.pk}-%s", initial={"body": body})


class CannedReplyForm(forms.Form):
    """The name and the text of a canned reply."""

    name = LineField(
        label="Nom de la réponse type",
        help_text="Vous la retrouverez sous ce nom. La personne ne le voit pas.",
        max_length=REPLY_NAME_LIMIT,
        error_messages={"required": "Donnez un nom à cette réponse type."},
    )
    body = LinesField(
        label="Texte",
        help_text="Les mots entre accolades sont remplacés pour chaque personne\u00a0: "
        + ", ".join(f"{one.written} ({one.label})" for one in Placeholder)
        + ".",
        max_length=REPLY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Écrivez le texte de cette réponse type."},
    )


class CannedReplyChangeForm(SeenForm, CannedReplyForm):
    """A new name and text of a canned reply."""

    takes_over = True


READ_BY_OTHERS = "La personne et les responsables de sa région lisent cette étape. N'y laissez que ce qui est à faire."


class TypedChoices(forms.Select):
    """A choice among texts that people have typed, each in its own direction."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["attrs"]["dir"] = "auto"
        return option


class MessageStepForm(StepForm):
    """A step of the action plan that is written from a message, under an open objective or a new one."""

    objective = forms.ModelChoiceField(
        label="Objectif",
        queryset=Objective.objects.none(),
        required=False,
        empty_label="Un nouvel objectif",
        widget=TypedChoices,
    )
    new_objective = LineField(
        label="Nouvel objectif", help_text="Par exemple «\u00a0Passer le permis\u00a0».", required=False, max_length=200
    )

    sometimes_required = ("new_objective",)

    field_order = ("title", "due_on", "objective", "new_objective")

    def __init__(self, *args: Any, objectives: QuerySet[Objective], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].help_text = READ_BY_OTHERS
        chosen = objectives.first()
        self.fields["objective"].queryset = objectives  # type: ignore[attr-defined]
        self.fields["objective"].initial = chosen
        if chosen is None:
            self.fields["objective"].widget = forms.HiddenInput()
        else:
            self.fields["new_objective"].help_text = "Seulement si aucun objectif du plan ne convient."

    def clean(self) -> dict[str, Any]:
        """Refuse both an objective of the plan and a new one, of which one would be lost."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("objective") and cleaned.get("new_objective"):
            self.add_error("new_objective", "Gardez l'objectif choisi, ou choisissez «\u00a0Un nouvel objectif\u00a0».")
        return cleaned

    @property
    def excess(self) -> str:
        """By how much the text of the message is too long for a step; empty once the form was sent."""
        title, most = str(self["title"].value() or ""), self.fields["title"].max_length  # type: ignore[attr-defined]
        return excess_in_words(len(title), most=most) if not self.is_bound and len(title) > most else ""


class ReplyChoiceForm(forms.Form):
    """What is looked for among canned replies, and the page whose message they are for, from a URL."""

    q = SearchField(label="Rechercher une réponse type")
    suite = ReturnField()


class MessageChangeForm(SeenForm, GuardedForm):
    """A new text of one's own message."""

    body = LinesField(
        label="Votre message",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Écrivez votre message, ou supprimez-le."},
    )


class PlannedMessageForm(SeenForm, GuardedForm):
    """A new text of a message that waits."""

    body = LinesField(
        label="Votre message",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Écrivez votre message, ou retirez-le."},
    )


class GroupMessageForm(GuardedForm):
    """One text to several people; `batch` is new with each page."""

    body = LinesField(
        label="Votre message",
        help_text="Chaque personne le reçoit dans sa propre conversation et ne voit pas les autres.",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Écrivez votre message avant de l'envoyer."},
    )
    batch = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class SettleForm(forms.Form):
    """An act that settles a conversation: the last message that the page shows, and where to go afterwards."""

    number = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    suite = ReturnField()


class ReminderForm(forms.Form):
    """The day on which an adviser wants to come back to a conversation, and where to go afterwards."""

    day = DayField(
        label="Me le rappeler le",
        help_text="La conversation quitte « À la suite » jusqu'à ce jour. Le délai pour répondre continue de courir.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choisissez un jour.", "invalid": "Écrivez un jour comme 2026-12-01."},
    )
    suite = ReturnField()


class ConversationNoteForm(NoteForm):
    """A note beside a conversation, and where to go afterwards."""

    suite = ReturnField()


class SequenceForm(forms.Form):
    """Where one stands in « À la suite », from a URL: after which place, what was just done, where one came from."""

    apres = LineField(required=False, max_length=60)
    fait = NumberField(required=False)
    depuis = ReturnField()

    @property
    def asked(self) -> "Standing":
        """Return what the URL says; what cannot be read counts as not said."""
        self.is_valid()
        found = self.cleaned_data
        return Standing(
            after=Place.read(found.get("apres") or ""),
            done=found.get("fait"),
            back=found.get("depuis") or reverse("my_day"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an adviser stands in « À la suite »: what `SequenceForm` reads, and URLs carry on."""

    after: Place | None
    done: int | None = None
    back: str

    def on(self, name: str, *arguments: int, after: Place | None = None, done: int | None = None) -> str:
        """Return an address that carries on from here, or from a place further on."""
        place = after or self.after
        said = {"apres": str(place) if place else "", "fait": done or "", "depuis": self.back}
        return f"{reverse(name, args=arguments)}?{urlencode({key: value for key, value in said.items() if value})}"


class NumberForm(forms.Form):
    """The number of a message, from a URL."""

    number = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class SearchForm(forms.Form):
    q = SearchField(label="Rechercher une personne")


class MessageSearchForm(forms.Form):
    q = SearchField(label="Un ou plusieurs mots")


def window_value(window: Window) -> str:
    """Return a window as the form submits it: both instants in UTC."""
    return f"{window.starts_at.astimezone(UTC):{SECONDS}}-{window.ends_at.astimezone(UTC):{SECONDS}}"


def _read_window(value: str) -> Window:
    start, end = (datetime.strptime(part, SECONDS).replace(tzinfo=UTC) for part in value.split("-"))
    return Window(starts_at=start, ends_at=end)


def _say_window(window: Window) -> str:
    """Return « mardi 1er décembre, entre 9 h et 10 h », with the zone if the adviser reads another hour."""
    zone = reader_zone()
    day = weekday_in_words(window.starts_at.astimezone(zone).date())
    hours = hours_there(window.starts_at, window.ends_at, zone=zone, others=other_zones(), joined="et")
    return f"{day}, entre {hours}"


class CallbackForm(forms.Form):
    """A call-back request in one or more of the offered windows."""

    subject = forms.ChoiceField(
        label="Sujet",
        choices=CallbackSubject,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le sujet de l'appel."},
    )
    way = forms.ChoiceField(
        label="Comment vous répondre",
        choices=CallbackWay,
        initial=CallbackWay.PHONE,
        widget=forms.RadioSelect,
        help_text="Si vous ne pouvez pas téléphoner, choisissez une autre réponse, dans les mêmes horaires.",
        error_messages={"required": "Choisissez comment vous répondre."},
    )
    phone = PhoneField(
        label="Numéro à appeler",
        help_text="Par exemple 06 12 34 56 78. C'est le numéro de votre dossier\u00a0: corrigez-le s'il a changé. "
        "Inutile pour une réponse par écrit ou en visio.",
    )
    windows = forms.MultipleChoiceField(
        label="Quand vous joindre",
        widget=forms.CheckboxSelectMultiple,
        help_text="Cochez une ou plusieurs plages.",
        error_messages={
            "required": "Choisissez au moins une plage.",
            "invalid_choice": "Une plage horaire n'est plus proposée. Choisissez-en une autre.",
        },
    )
    comment = LinesField(
        label="Précision",
        required=False,
        max_length=COMMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Ce que votre conseiller doit savoir avant de vous répondre.",
    )

    sometimes_required = ("phone",)

    def __init__(self, *args: Any, windows: Sequence[Window], person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phone_field(self).belong_to(person)
        if self["way"].value() not in WAYS_WITH_NUMBER:
            self.fields["phone"].required = False
        self.offered = list(windows)
        choices = [(window_value(window), _say_window(window)) for window in windows]
        self.fields["windows"].choices = choices  # type: ignore[attr-defined]
        if any(zone_beside(window.starts_at, zone=reader_zone(), others=other_zones()) for window in windows):
            self.fields["windows"].help_text += f" Les heures sont données à l'{zone_in_words(reader_zone())}."

    def clean_windows(self) -> list[Window]:
        """Return the chosen windows, which are among the offered ones."""
        return [_read_window(value) for value in self.cleaned_data["windows"]]

    def days(self) -> list[tuple[str, list[tuple[BoundWidget, str]]]]:
        """Return the boxes of each day under its name, each with its hours."""
        zone = reader_zone()
        found: dict[str, list[tuple[BoundWidget, str]]] = {}
        for box, window in zip(self["windows"], self.offered, strict=True):
            day = weekday_in_words(window.starts_at.astimezone(zone).date())
            hours = hours_there(window.starts_at, window.ends_at, zone=zone, others=())
            found.setdefault(day, []).append((box, hours))
        return list(found.items())


class OutcomeForm(forms.Form):
    """What came of a call: that the person was reached, with what was said, or the `result` that a button names."""

    result = forms.ChoiceField(choices=AttemptOutcome, required=False, widget=forms.HiddenInput)
    outcome = LinesField(
        label="Ce qui a été dit ou convenu",
        max_length=COMMENT_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    sometimes_required = ("outcome",)

    @property
    def missed(self) -> AttemptOutcome | None:
        """Why the person was not reached; None if they were."""
        result = self.cleaned_data.get("result") or AttemptOutcome.REACHED
        return None if result == AttemptOutcome.REACHED else AttemptOutcome(result)

    def clean(self) -> dict[str, Any]:
        """Demand what was said to a person who was reached."""
        cleaned = super().clean() or self.cleaned_data
        if "outcome" in cleaned and not cleaned["outcome"] and self.missed is None:
            self.add_error("outcome", "Notez en une phrase ce qui a été dit ou convenu.")
        return cleaned
