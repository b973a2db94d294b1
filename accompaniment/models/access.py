"""Requests of people who are not logged in, and counters of the throttle. Jobs delete both."""

from django.db import models
from django.db.models import Q

from accompaniment.enums import AccessRequestKind


class AccessRequest(models.Model):
    """A request for a link by somebody who is not logged in. A job answers and deletes it."""

    kind = models.CharField(max_length=20, choices=AccessRequestKind.choices)
    email = models.EmailField()
    identifier = models.CharField(max_length=20, blank=True)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="access_request_identifier",
                condition=Q(kind=AccessRequestKind.FIRST_ACCESS, identifier__gt="")
                | Q(kind=AccessRequestKind.PASSWORD, identifier=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Tally(models.Model):
    """How often something was done since `began_at`, by a digest of the account or place."""

    kind = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("kind", "digest"), name="one_tally"),
            models.CheckConstraint(name="tally_ends_later", condition=Q(ends_at__gt=models.F("began_at"))),
        ]
        indexes = [models.Index(fields=("ends_at",), name="tally_by_end")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.count}"
