"""Checks that the benchmarks run in small size and print what they should. The full size is run by people."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240  # seconds, on a busy machine


ROWS = [
    "16 validations into a portfolio",
    "chat throughput, 3 conversations",
    "chat throughput, two processes, 3 conversations",
    "chat latency, one conversation",
    "sockets, 10 on one process that is killed",
    "idle sockets, memory of one of 10",
    "first page, log-in",
    "import of 2000 rows, other side with the validators of the libraries",
    "import of 2000 rows, other side with the validators of the house",
    "list of 20: the slowest letter in its search, the browser at full speed",
    "outbox, 60 letters beside 200 delivered",
    "portfolio page, 80 jobseekers beside 40",
    "video, through a poor network, from",
    "search with a typing error in the portfolio, 80 jobseekers beside 40",
    *(
        f"search of the header by {who}, {what}, 80 jobseekers beside 40"
        for who in ("an adviser", "a manager of the country")
        for what in (
            "a typing error",
            "three letters",
            "a frequent name",
            "a frequent name with an error",
            "a frequent name with an error in its first letter",
            "a frequent first name and a frequent last name",
            "a telephone number",
        )
    ),
]


def test_all_benchmarks_run_small_and_print_both_sides() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--small"],
        cwd=PROJECT,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for row in ROWS:
        assert row in run.stdout
    assert run.stdout.count("ratio") == len(ROWS)
    assert run.stdout.count("reached") + run.stdout.count("MISSED") == len(ROWS)


def test_an_unknown_benchmark_is_refused_with_the_names_of_the_known() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "nothing"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 2
    assert "no such benchmark: nothing" in run.stderr
