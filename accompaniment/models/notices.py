"""How notifications reach people: addresses that are dead, what each person wants, and the browsers that they use."""

from datetime import time
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet, Subquery

from accompaniment.enums import NoticeChannel, Topic
from accompaniment.models.people import User
from accompaniment.rules.notices import CANNOT_BE_OFF, code_of, is_on_by_default


class DeadAddressQuerySet(QuerySet[Any]):
    def since(self, channel: NoticeChannel, address: str) -> Subquery:
        """Return, as part of another statement, since when an address is dead; NULL if it is not."""
        return Subquery(self.filter(channel=channel, address=address).values("since")[:1])


class DeadAddress(models.Model):
    """An e-mail address or a telephone number that the other side says reaches nobody.

    The row goes as soon as something is accepted there. It belongs to the address and not to a person, so a corrected
    address is not dead.
    """

    channel = models.CharField(max_length=5, choices=NoticeChannel)
    address = models.CharField(max_length=254)
    since = models.DateTimeField("depuis le")
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=200, blank=True, help_text="what the other side answered")

    objects = DeadAddressQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("address", "channel"), name="dead_address_once")]

    def __str__(self) -> str:
        return f"{self.channel} since {self.since:%Y-%m-%d}"


class NoticeSettings(models.Model):
    """What one account wants to be told, by which channels, and when. An account without a row has the defaults."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="notice_settings")
    switched_on = ArrayField(models.CharField(max_length=30), default=list, help_text="topic and channel, as a code")
    switched_off = ArrayField(models.CharField(max_length=30), default=list, help_text="topic and channel, as a code")
    quiet_from = models.TimeField("silence à partir de", null=True, default=time(21), help_text="null: no quiet hours")
    quiet_until = models.TimeField("silence jusqu'à", null=True, default=time(8))
    quiet_for_emails = models.BooleanField("les e-mails attendent aussi", default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(switched_off__overlap=list(CANNOT_BE_OFF)), name="notice_settings_keep_what_is_required"
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="notice_settings_quiet_from_until",
            ),
        ]

    def __str__(self) -> str:
        return f"notices of {self.user_id}"

    def wants(self, topic: Topic, channel: NoticeChannel) -> bool:
        """Return whether the account wants this topic by this channel."""
        code = code_of(topic, channel)
        if code in self.switched_off:
            return False
        return code in self.switched_on or is_on_by_default(topic, channel, is_jobseeker=self.user.is_jobseeker)


class Device(models.Model):
    """A browser in which an account wants to be told of news, while the session that asked for it lasts."""

    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    session_key = models.CharField(max_length=40)
    endpoint = models.CharField(max_length=500, unique=True, help_text="address at the push service of the browser")
    key = models.CharField(max_length=100, help_text="the browser's public key, for which everything is encrypted")
    secret = models.CharField(max_length=30, help_text="the browser's share of the encryption")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} since {self.since:%Y-%m-%d %H:%M}"
