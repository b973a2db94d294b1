"""The benchmarks themselves are run for people to read; here only that they run, small, and say what they have to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240  # seconds, on a machine that does other things besides


@pytest.mark.parametrize(
    ("name", "rows"), [("portfolio", ["page du portefeuille", "recherche avec faute dans le portefeuille"])]
)
def test_a_benchmark_runs_small_and_prints_both_sides(name: str, rows: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--small", name],
        cwd=PROJECT,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for row in rows:
        assert row in run.stdout
    assert run.stdout.count("rapport") == len(rows)
    assert run.stdout.count("atteint") + run.stdout.count("manqué") == len(rows)


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
