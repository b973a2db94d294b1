"""Parsing of what people type: messages, call-back requests, outcomes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict

from accompaniment.forms.fields import CHOOSE, LinesField, SearchField
from accompaniment.forms.phone import PhoneField, phone_field
from accompaniment.models import Jobseeker
from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules.french import hours_there, weekday_in_words, zone_beside, zone_in_words
from messaging.enums import CallbackSubject
from messaging.models import Conversation
from messaging.rules import BODY_LIMIT, Window

COMMENT_LIMIT = 1000
SECONDS = "%Y%m%dT%H%M%SZ"


class MessageForm(forms.Form):
    """A message as a browser without sockets sends it; `client_id` is new with each page."""

    body = LinesField(
        label="Votre message",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 1}),
        error_messages={"required": "Écrivez votre message avant de l'envoyer."},
    )
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


def composer(conversation: Conversation, typed: QueryDict | None = None) -> MessageForm:
    """Return the form of a conversation, with HTML ids that are unique on the page."""
    return MessageForm(typed, auto_id=f"message-{conversation.pk}-%s")


class GroupMessageForm(forms.Form):
    """One text to several people; `batch` is new with each page."""

    body = LinesField(
        label="Votre message",
        help_text="Chaque personne le reçoit dans sa propre conversation et ne voit pas les autres.",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Écrivez votre message avant de l'envoyer."},
    )
    batch = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class NumberForm(forms.Form):
    """The number of a message, from a URL."""

    number = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class SearchForm(forms.Form):
    q = SearchField(label="Rechercher une personne")


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
    """A call-back request in one of the offered windows."""

    subject = forms.ChoiceField(
        label="Sujet",
        choices=CallbackSubject,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le sujet de l'appel."},
    )
    in_writing = forms.BooleanField(
        label="Répondez-moi par écrit",
        required=False,
        help_text="Votre conseiller vous écrit dans vos messages, au moment choisi. Il ne vous appelle pas.",
    )
    phone = PhoneField(
        label="Numéro à appeler",
        help_text="Par exemple 06 12 34 56 78. C'est le numéro de votre dossier\u00a0: corrigez-le s'il a changé.",
    )
    window = forms.ChoiceField(
        label="Quand vous appeler",
        error_messages={
            "required": "Choisissez quand vous appeler.",
            "invalid_choice": "Cette plage horaire n'est plus proposée. Choisissez-en une autre.",
        },
    )
    comment = LinesField(
        label="Précision",
        required=False,
        max_length=COMMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Ce que votre conseiller doit savoir avant d'appeler.",
    )

    def __init__(self, *args: Any, windows: Sequence[Window], person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phone_field(self).belong_to(person)
        if self["in_writing"].value():
            self.fields["phone"].required = False
        offered = [(window_value(window), _say_window(window)) for window in windows]
        self.fields["window"].choices = [CHOOSE, *offered] if offered else []  # type: ignore[attr-defined]
        if any(zone_beside(window.starts_at, zone=reader_zone(), others=other_zones()) for window in windows):
            # The list is narrower on a telephone than the longest choice.
            self.fields["window"].help_text = f"Les heures sont données à l'{zone_in_words(reader_zone())}."

    def clean_window(self) -> Window:
        """Return the chosen window, which is one of the offered ones."""
        return _read_window(self.cleaned_data["window"])


class OutcomeForm(forms.Form):
    """The outcome of a call."""

    outcome = LinesField(
        label="Ce qui a été dit ou convenu",
        max_length=COMMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
