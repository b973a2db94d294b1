"""`make run`: one command starts everything, and Ctrl-C ends everything."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .embedded_clients import PATIENCE, PROJECT, bare_environment, eventually, none_left

STOP_LIMIT = 5.0  # seconds
STARTS_WITHIN = 120.0  # seconds, on a busy machine
GREETING = "Ctrl-C stops everything"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: each run has to start with what the last one left, killed or not."""
    return tmp_path_factory.mktemp("à côté") / ".data"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def session_members(session: int) -> dict[int, str]:
    """Return the processes of a session with their commands, without the dead ones."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found[int(folder.name)] = command
    return found


@contextmanager
def house(data_dir: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the service in its own session, as a terminal does; nothing of it is left afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.runner"],
        cwd=PROJECT,
        env=bare_environment(
            DATA_DIR=str(data_dir),
            PORT=str(port),
            DJANGO_SETTINGS_MODULE="tests.config.settings_without_demonstration",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for member in session_members(process.pid):
            os.kill(member, signal.SIGKILL)
        process.wait(STOP_LIMIT)
        process.stdout.close()
        eventually(lambda: none_left(data_dir))


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def lines_until(process: subprocess.Popen[str], text: str) -> list[str]:
    """Return the lines up to the one with this text. A process that never writes it is killed, and the test fails."""
    assert process.stdout is not None
    lines = []
    with killed_after(STARTS_WITHIN, process):
        for line in process.stdout:
            lines.append(line)
            if text in line:
                return lines
    raise AssertionError("".join(lines))


def test_ctrl_c_ends_everything_within_five_seconds(data_dir: Path) -> None:
    port = free_port()
    with house(data_dir, port) as process:
        greeting = lines_until(process, GREETING)
        assert any(f"http://localhost:{port}" in line for line in greeting)
        with urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=PATIENCE) as answer:
            assert answer.read() == b"ok\n"
        members = session_members(process.pid)
        for part in ("config.web", " worker ", " beat "):
            assert any(part in command for command in members.values()), part
        assert {os.getpgid(member) for member in members} == {process.pid}

        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        output, _ = process.communicate(timeout=STOP_LIMIT)

        assert time.monotonic() - began < STOP_LIMIT
        assert process.returncode == 0
        assert session_members(process.pid) == {}
        assert none_left(data_dir)
        assert "Traceback" not in output


def test_the_end_of_one_process_ends_the_others_and_says_so(data_dir: Path) -> None:
    with house(data_dir, free_port()) as process:
        lines_until(process, GREETING)
        (beat,) = [member for member, command in session_members(process.pid).items() if " beat " in command]
        os.kill(beat, signal.SIGKILL)
        output, _ = process.communicate(timeout=STOP_LIMIT)
        assert process.returncode == 1
        assert "The beat process ended by itself (exit code -9); everything was stopped." in output
        assert session_members(process.pid) == {}


def test_the_processes_of_a_killed_runner_end_too(data_dir: Path) -> None:
    with house(data_dir, free_port()) as process:
        lines_until(process, GREETING)
        process.kill()
        eventually(lambda: session_members(process.pid) == {}, limit=STOP_LIMIT)


def test_a_port_of_another_program_is_not_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with house(tmp_path / ".data", port) as process:
            output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output == (f"Port {port} is taken by another program: set PORT to a free one, as in `make run PORT=8001`.\n")
    assert not (tmp_path / ".data").exists()


def test_a_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.runner"],
        cwd=PROJECT,
        env=bare_environment(DATA_DIR=str(tmp_path / ".data"), PORT="eighty"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "PORT must be a number from 1 to 65535, not 'eighty'.\n")
