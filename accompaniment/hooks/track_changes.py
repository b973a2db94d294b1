"""What the end of a 100 % web track, and a change of tier, must carry along on upper floors.

`services.enrolments` calls each function, in its own transaction, after the accompaniment has changed.
Upper apps add theirs in `config/wiring.py`.
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
"""Called with the jobseeker, who acted (None: the system) and the instant of the end.

Apps are set up from the top floor down, so this list and the next are gone through from their end: the lowest floor
first, whose portfolios are locked before anybody's interviews."""


said_at_track_end: list[Callable[["Jobseeker"], list[str]]] = []
"""Called after all of `on_track_end`: what the letter to the person says of it, in sentences."""


@dataclass(frozen=True, kw_only=True)
class TierFollower:
    """What an app carries along with a change of tier, and how it says so beforehand."""

    foresee: Callable[["Jobseeker", "Tier"], list[str]]
    """Returns, in sentences for the adviser, what the tier would change if it were set now; changes nothing."""
    follow: TrackEnd
    """Called after the change, the end of a track included, so it finds its work done where that did it.

    Called too for a person whose agency is in another region now; the tier may be the same."""
    hold: Callable[[Mapping[int, "Tier"]], set[int]] = field(default=lambda changes: set())
    """Called before many changes in one transaction, with each person's new tier by primary key (the present one where
    only the region changes); the people are locked, and their agency is the new one.

    Locks in the order of the house all that following them may take, and returns those whom `follow` concerns."""


on_tier_change: list[TierFollower] = []
