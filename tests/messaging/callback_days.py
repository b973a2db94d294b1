"""A person whose call-backs are lived through at chosen instants of a week without a holiday."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import time_machine

from messaging.models import CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.rules import Window
from tests.messaging.factories import Pair, ask

MONDAY = datetime.fromisoformat("2035-11-19T08:00:00+01:00")
"""Before the agencies open; they do on each day of this week."""


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    with time_machine.travel(moment, tick=False):
        yield moment


def offered(two: Pair) -> list[Window]:
    return windows_of(two.jobseeker.agency, now=MONDAY)


def asked(two: Pair, *windows: Window) -> CallbackRequest:
    """Ask on Monday before the opening, for these windows or the first one of the day."""
    with at(MONDAY):
        return ask(two.jobseeker, windows=windows or offered(two)[:1])


def in_window(window: Window, minutes: int = 5) -> datetime:
    return window.starts_at + timedelta(minutes=minutes)
