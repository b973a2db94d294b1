"""What one wants to be told outside the pages, and when not."""

from collections.abc import Collection
from datetime import time
from typing import Any

from django import forms

from accompaniment.enums import NoticeChannel
from accompaniment.forms.fields import LineField
from accompaniment.models import NoticeSettings
from accompaniment.rules.french import hour_in_words
from accompaniment.rules.notices import REQUIRED, TOPICS_OF_PERSON, TOPICS_OF_STAFF

ALWAYS = "L'e-mail part toujours, à toute heure\u00a0: la loi le demande."
BY_CHANNEL = {
    NoticeChannel.EMAIL: "Par e-mail",
    NoticeChannel.SMS: "Par SMS, sur un mobile",
    NoticeChannel.PUSH: "Par une alerte sur mes appareils",
}
HOURS = [(f"{hour:02d}:00", hour_in_words(time(hour))) for hour in range(24)]
NO_QUIET = ("", "Aucune heure de silence")


class NoticesForm(forms.Form):
    """One group of channels for each topic, and the quiet hours."""

    def __init__(self, *args: Any, chosen: NoticeSettings, offered: Collection[NoticeChannel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = tuple(offered)
        self.topics = TOPICS_OF_PERSON if chosen.user.is_jobseeker else TOPICS_OF_STAFF
        for topic in self.topics:
            free = [one for one in self.offered if one != NoticeChannel.EMAIL or topic not in REQUIRED]
            if not free:
                continue
            self.fields[topic.value] = forms.MultipleChoiceField(
                label=topic.label,
                help_text=ALWAYS if topic in REQUIRED else "",
                choices=[(one.value, BY_CHANNEL[one]) for one in free],
                initial=[one.value for one in free if chosen.wants(topic, one)],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                error_messages={"invalid_choice": "Choisissez parmi les moyens de la liste."},
            )
        wrong = {"invalid_choice": "Choisissez une heure de la liste."}
        self.fields["quiet_from"] = forms.ChoiceField(
            label="Silence à partir de", choices=[NO_QUIET, *HOURS], required=False, error_messages=wrong
        )
        self.fields["quiet_until"] = forms.ChoiceField(
            label="Jusqu'à", choices=[NO_QUIET, *HOURS], required=False, error_messages=wrong
        )
        self.fields["quiet_for_emails"] = forms.BooleanField(
            label="Les e-mails attendent aussi la fin du silence, sauf ceux que la loi demande", required=False
        )
        for name in ("quiet_from", "quiet_until"):
            hour: time | None = getattr(chosen, name)
            self.fields[name].initial = hour.isoformat("minutes") if hour else ""
        self.fields["quiet_for_emails"].initial = chosen.quiet_for_emails
        self.sometimes_required = tuple(self.fields)

    @property
    def of_topics(self) -> list[forms.BoundField]:
        """The groups of channels, in the order of the topics."""
        return [self[topic.value] for topic in self.topics if topic.value in self.fields]

    @property
    def always_told(self) -> list[str]:
        """The topics of which nothing can be chosen."""
        return [topic.label for topic in self.topics if topic.value not in self.fields]

    @property
    def choice(self) -> dict[str, Any]:
        """What `choose_notices` takes."""
        given = self.cleaned_data
        email = {NoticeChannel.EMAIL} & set(self.offered)
        wanted = {
            topic: {NoticeChannel(one) for one in given.get(topic.value, ())} | (email if topic in REQUIRED else set())
            for topic in self.topics
        }
        return {
            "wanted": wanted,
            "offered": self.offered,
            "quiet_from": _hour(given["quiet_from"]),
            "quiet_until": _hour(given["quiet_until"]),
            "quiet_for_emails": given["quiet_for_emails"],
        }


class DeviceForm(forms.Form):
    """What a browser gives of itself, from a script."""

    endpoint = LineField(max_length=500)
    key = LineField(max_length=100, required=False)
    secret = LineField(max_length=30, required=False)
    ends = forms.BooleanField(required=False)


def _hour(written: str) -> time | None:
    return time.fromisoformat(written) if written else None
