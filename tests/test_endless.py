"""A test that never ends fails by itself, names itself, and does not take the run with it.

Kind: one wait without an end, of whatever cause, that costs the whole run and says nothing.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent

PLANTED = """
import threading


def test_that_never_ends():
    threading.Event().wait()


def test_after_it():
    pass
"""


def test_a_test_without_an_end_fails_and_the_others_go_on(tmp_path: Path) -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert ours["faulthandler_timeout"] > 0
    ends = ours["faulthandler_exit_on_timeout"]
    (tmp_path / "test_planted.py").write_text(PLANTED, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nfaulthandler_timeout = 1\nfaulthandler_exit_on_timeout = {ends}\n", encoding="utf-8"
    )
    left_out = [f"-pno:{name}" for name in ("django", "asyncio", "hypothesispytest", "faker", "time_machine")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n1", *left_out, str(tmp_path)],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1, run.stdout
    assert "crashed while running 'test_planted.py::test_that_never_ends'" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
    assert "in test_that_never_ends" in run.stderr
