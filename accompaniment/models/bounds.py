"""Limits on what one person may hold or do, so that nobody uses up shared resources."""

from django.db import models
from django.db.models import Q

from accompaniment.enums import BoundedAct
from accompaniment.models.people import User


class ActBound(models.Model):
    """How often an act may be done, or how many may be held at once, from a day on. Data, never code."""

    act = models.CharField("acte", max_length=24, choices=BoundedAct)
    starts_on = models.DateField("à partir du")
    most = models.PositiveIntegerField("au plus")
    within_minutes = models.PositiveIntegerField("en combien de minutes", null=True, help_text="null: held at once")
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("act", "starts_on")
        verbose_name = "limite"
        constraints = [
            models.UniqueConstraint(fields=("act", "starts_on"), name="act_bound_once"),
            models.CheckConstraint(
                condition=Q(act=BoundedAct.INTERVIEWS_HELD, within_minutes=None)
                | (~Q(act=BoundedAct.INTERVIEWS_HELD) & Q(within_minutes__isnull=False, within_minutes__gte=1)),
                name="act_bound_of_its_kind",
            ),
            models.CheckConstraint(condition=Q(most__gte=1), name="act_bound_leaves_room"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.most}"
