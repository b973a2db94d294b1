"""The rows of a benchmark: when a target counts as reached, and in which order the sides are measured."""

import pytest

from tests.benchmarks.rows import Row, Target, in_turn, medians


@pytest.mark.parametrize(
    ("direction", "ours", "reached"),
    [
        (Target.AT_MOST, 12.0, True),
        (Target.AT_MOST, 12.1, False),
        (Target.AT_LEAST, 7.0, True),
        (Target.AT_LEAST, 6.9, False),
    ],
)
def test_a_ratio_is_reached_on_its_side(direction: Target, ours: float, reached: bool) -> None:
    row = Row("page", ours, 10.0, "ms", direction, 1.2 if direction is Target.AT_MOST else 0.7)
    assert row.reached is reached
    assert ("reached" if reached else "MISSED") in str(row)


def test_what_must_also_be_true_counts() -> None:
    assert Row("page", 1, 1, "ms", Target.AT_MOST, 1.2, [("at most 8 queries", True)]).reached
    assert not Row("page", 1, 1, "ms", Target.AT_MOST, 1.2, [("at most 8 queries", False)]).reached


def test_a_row_without_a_ratio_to_reach_is_judged_by_the_rest() -> None:
    for held in (True, False):
        row = Row("list", 9, 1, "ms", Target.AT_MOST, None, [("at most 100 ms", held)])
        assert row.reached is held
        assert "ratio 9.00\n" in str(row)


def test_the_sides_are_measured_in_turn() -> None:
    asked: list[str] = []

    def side(name: str, values: list[float]) -> float:
        asked.append(name)
        return values.pop(0)

    mine, others = in_turn(lambda: side("a", [3, 1, 2]), lambda: side("b", [9, 7, 8]), runs=1)
    assert (mine, others) == ([3], [9])
    first, second = [3.0, 1.0, 2.0], [9.0, 7.0, 8.0]
    asked.clear()
    assert medians(lambda: side("a", first), lambda: side("b", second), runs=3) == (2, 8)
    assert asked == ["a", "b"] * 3
