"""Which step comes first, of all that the floors know: one table."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from visio.rules.next_step import PRESSING, Step, StepKind, in_order

K = StepKind
EARLY, LATE = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)

ORDER = [
    pytest.param([Step(K.JOIN, LATE), Step(K.EXPLAIN, EARLY)], id="a room that is open before all else"),
    pytest.param([Step(K.JOIN, EARLY), Step(K.JOIN, LATE)], id="of two open rooms that of the earlier hour"),
    pytest.param([Step(K.JOIN, LATE), Step(K.RETURN, EARLY)], id="what is still to be held before what has passed"),
    pytest.param([Step(K.RETURN, LATE), Step(K.EXPLAIN, EARLY)], id="an interview that runs over before an absence"),
    pytest.param([Step(K.EXPLAIN, LATE), Step(K.ACCEPT)], id="an absence to explain before the acceptance"),
    pytest.param([Step(K.EXPLAIN, LATE), Step(K.MEET, EARLY)], id="an absence to explain before an interview"),
    pytest.param([Step(K.ACCEPT), Step(K.CHOOSE, EARLY)], id="the acceptance before a slot"),
    pytest.param([Step(K.ACCEPT), Step(K.MEET, EARLY)], id="the acceptance before an interview"),
    pytest.param([Step(K.MEET, EARLY), Step(K.CHOOSE, LATE)], id="an interview before a later deadline"),
    pytest.param([Step(K.CHOOSE, EARLY), Step(K.MEET, LATE)], id="a deadline before a later interview"),
    pytest.param([Step(K.CHOOSE, EARLY), Step(K.MEET, EARLY)], id="a deadline before an interview of the same hour"),
    pytest.param([Step(K.CALL, EARLY), Step(K.MEET, LATE)], id="a call before a later interview"),
    pytest.param([Step(K.MEET, EARLY), Step(K.CALL, LATE)], id="an interview before a later call"),
    pytest.param([Step(K.MEET, LATE), Step(K.CALL)], id="an interview before a call that did not come"),
    pytest.param([Step(K.MEET, LATE), Step(K.ACCEPT_AGAIN)], id="an interview before a text that can wait"),
    pytest.param([Step(K.CHOOSE, LATE), Step(K.AWAIT)], id="a deadline before a wish that waits for the agency"),
    pytest.param([Step(K.ACCEPT_AGAIN), Step(K.CONCLUDE)], id="what one does before what one waits for"),
    pytest.param([Step(K.AWAIT), Step(K.CONCLUDE)], id="the way in before an interview that is past"),
]


@pytest.mark.parametrize("steps", ORDER)
def test_the_first_of_two_is_first_however_they_come(steps: list[Step]) -> None:
    for given in permutations(steps):
        assert in_order(given) == steps


def test_the_order_is_the_same_however_all_kinds_come() -> None:
    steps = [Step(kind) for kind in K]
    found = in_order(steps)
    assert {step.kind for step in found[: len(PRESSING)]} == PRESSING
    assert in_order(reversed(steps)) == found


def test_every_kind_is_in_the_table() -> None:
    """Kind: a step that is added without a word on what it comes before."""
    assert {step.kind for row in ORDER for step in row.values[0]} == set(K)


def test_nothing_is_no_step() -> None:
    assert in_order([]) == []
