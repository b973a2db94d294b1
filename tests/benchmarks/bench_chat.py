"""The chat, compared with a bare consumer of the same server that only passes frames on and stores nothing.

A message counts when the other person's screen has it: it is committed then, with its number, its right and session
looked up, the portfolio row, the journal and the audit written.
"""

from functools import partial
from statistics import median

from tests.benchmarks import databases
from tests.benchmarks.chat_rig import Server, Talk, Told, measure, servers, talks
from tests.benchmarks.rows import RUNS, Row, Size, Target, in_turn

TALKS = {Size.FULL: 50, Size.SMALL: 3}
SECONDS = {Size.FULL: 5.0, Size.SMALL: 0.3}


def run(size: Size) -> list[Row]:
    """Return the throughput in one and two processes, and the latency of one conversation."""
    databases.fresh("chat")
    made = talks(TALKS[size])
    with servers(2) as running:
        return [
            _throughput("chat throughput", running[:1], made, 2.0, size),
            _throughput("chat throughput, two processes", running, made, 1.0, size),
            _latency(running[:1], made[:1], size),
        ]


def _measured(running: list[Server], made: list[Talk], size: Size) -> tuple[list[Told], list[Told]]:
    ours, theirs = (partial(measure, running, made, bare=bare, seconds=SECONDS[size]) for bare in (False, True))
    ours(), theirs()  # connections, plans, templates
    return in_turn(ours, theirs, runs=RUNS if size is Size.FULL else 1)


def _throughput(what: str, running: list[Server], made: list[Talk], target: float, size: Size) -> Row:
    ours, theirs = _measured(running, made, size)
    here, there = (median(told.a_second for told in side) for side in (ours, theirs))
    remark = ", ".join(f"{name} {_p50(side) * 1000:.3g} ms" for name, side in (("here", ours), ("other side", theirs)))
    return Row(
        f"{what}, {len(made)} conversations",
        here,
        there,
        "messages/s",
        Target.AT_LEAST,
        target,
        remarks=[f"half of the messages within: {remark}"],
    )


def _latency(running: list[Server], made: list[Talk], size: Size) -> Row:
    ours, theirs = _measured(running, made, size)
    return Row("chat latency, one conversation", _p50(ours) * 1000, _p50(theirs) * 1000, "ms", Target.AT_MOST, 2.0)


def _p50(side: list[Told]) -> float:
    return median(seconds for told in side for seconds in told.seconds)
