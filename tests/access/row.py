"""A row of the table of access rights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.access.house import House

Arguments = Callable[[House], tuple[Any, ...]]


@dataclass(frozen=True)
class Row:
    """The answers of one URL to nine people, by GET and by an empty POST.

    `login`: redirected to the log-in page. `>`: redirected elsewhere. A number: this status.
    """

    get: str
    post: str
    args: Arguments = lambda house: ()
