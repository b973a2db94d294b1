"""Filters of the top floor."""

from datetime import datetime
from typing import Self

from accompaniment.querysets import OfJobseekerQuerySet
from visio.rules import LIVE_STATES


class InterviewQuerySet(OfJobseekerQuerySet):
    def live(self) -> Self:
        """Keep the interviews that hold a slot."""
        return self.filter(state__in=LIVE_STATES)

    def between(self, start: datetime, end: datetime) -> Self:
        """Keep those that begin in [start, end), in order of time."""
        return self.filter(starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk")
