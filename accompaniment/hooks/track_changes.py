"""What upper floors do when a 100 % web track ends or a tier changes.

`services.enrolments` calls each function in its transaction, after the accompaniment has changed. `config/wiring.py`
fills the lists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.enums import Tier
    from accompaniment.models import Jobseeker, User

TrackEnd = Callable[["Jobseeker", "User | None", datetime], None]

on_track_end: list[TrackEnd] = []
"""Called with the jobseeker, the acting user (None: the system) and the instant of the end.

The lowest floor is called first, because portfolios are locked before interviews.
"""


said_at_track_end: list[Callable[["Jobseeker"], list[str]]] = []
"""Called after all of `on_track_end`. Each function returns sentences for the letter to the person."""

foreseen_at_track_end: list[Callable[["Jobseeker"], list[str]]] = []
"""Called before: each returns, in sentences for the person, what the end of the track would cancel. Changes nothing."""


@dataclass(frozen=True, kw_only=True)
class TierFollower:
    """What a floor does after a change of tier, and what it announces beforehand."""

    foresee: Callable[["Jobseeker", "Tier"], list[str]]
    """Returns sentences for the adviser about what the new tier would change. Changes nothing."""
    follow: TrackEnd
    """Called after the change. If the change ends the track, `on_track_end` runs first.

    Also called for a person whose agency is now in another region, perhaps with the same tier.
    """
    hold: Callable[[Mapping[int, "Tier"]], set[int]] = field(default=lambda changes: set())
    """Called before several changes in one transaction, with each person's new tier by primary key (the present tier if
    only the region changes).

    The people are locked, and their agency is the new one. Locks, in the order of `accompaniment.locks`, everything
    that `follow` may lock for them, and returns the people whom `follow` concerns.
    """


on_tier_change: list[TierFollower] = []
