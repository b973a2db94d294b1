"""Canned replies: texts that an adviser, or an agency, writes once and uses again."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower

from accompaniment.models import Agency, User
from accompaniment.models.expressions import alphabetical
from caseload.models.staff import managed_by
from messaging.rules import ONLY_KNOWN_PLACEHOLDERS, REPLIES_AT_MOST, REPLY_LIMIT, REPLY_NAME_LIMIT


class CannedReplyQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the adviser's own and those of their agency; for a manager, those of the agencies of their regions."""
        if user.is_adviser:
            return self.filter(Q(author=user) | Q(agency__advisers__user=user))
        return self.filter(managed_by(user, "agency__departement__region"), agency__isnull=False)

    def written_by(self, user: User) -> Self:
        """Keep those that the user may change: an adviser's own, or those of the agencies of a manager's regions."""
        return self.visible_to(user) if user.is_manager else self.filter(author=user)

    def by_name(self) -> Self:
        """Sort by name, the adviser's own first."""
        return self.order_by(F("author").asc(nulls_last=True), alphabetical("name"), "pk")


class CannedReply(models.Model):
    """A text to send again and again, with placeholders (`enums.Placeholder`) for what differs.

    It belongs to one adviser, whom alone it concerns, or to an agency.
    """

    author = models.ForeignKey(User, models.CASCADE, null=True, related_name="canned_replies")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="canned_replies")
    place = models.PositiveSmallIntegerField(help_text="1, 2, 3 … of its owner, so that nobody has too many")
    name = models.CharField("nom", max_length=REPLY_NAME_LIMIT)
    body = models.CharField("texte", max_length=REPLY_LIMIT)
    changed_at = models.DateTimeField()

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        verbose_name = "réponse type"
        constraints = [
            models.CheckConstraint(
                condition=Q(author__isnull=False, agency=None) | Q(author=None, agency__isnull=False),
                name="canned_reply_of_one_owner",
            ),
            models.UniqueConstraint(F("author"), Lower("name"), name="canned_reply_name_of_author"),
            models.UniqueConstraint(F("agency"), Lower("name"), name="canned_reply_name_of_agency"),
            models.UniqueConstraint(fields=("author", "place"), name="canned_reply_place_of_author"),
            models.UniqueConstraint(fields=("agency", "place"), name="canned_reply_place_of_agency"),
            models.CheckConstraint(
                condition=Q(place__gte=1, place__lte=REPLIES_AT_MOST), name="canned_reply_not_too_many"
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(body=""), name="canned_reply_not_empty"),
            models.CheckConstraint(
                condition=Q(body__regex=ONLY_KNOWN_PLACEHOLDERS), name="canned_reply_known_placeholders"
            ),
        ]

    def __str__(self) -> str:
        return self.name
