"""What can go wrong on the way to a person, whatever the way."""

from datetime import timedelta

WAITS = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""The waiting time before each next try. The first is also how long a worker's claim lasts."""

TRIES = len(WAITS) + 1
AT_ONCE = 200
"""The most notifications in one run, so that a long backlog leaves room for other jobs."""


class ChannelAwayError(Exception):
    """The other side cannot be reached or takes nothing now, so the others wait as well.

    `may_have_arrived`: whether it may have taken this one before it fell silent.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class RefusedError(Exception):
    """The other side refuses this one for good. `is_dead`: because the address reaches nobody."""

    def __init__(self, reason: str, *, is_dead: bool) -> None:
        super().__init__(reason)
        self.is_dead = is_dead


def wait_before_next(attempts: int) -> timedelta:
    """Return the waiting time after the given number of tries."""
    return WAITS[min(attempts, len(WAITS)) - 1]


def reason_of(error: BaseException) -> str:
    """Return what is stored of an error."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
