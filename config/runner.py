"""`make run`: run everything in one foreground process group until Ctrl-C.

It takes the port, migrates the database, fills an empty one with the demonstration, and runs web, worker and beat. Each
log line begins with the name of its process. When the runner or one of the processes ends, all are stopped. `python -m
config.runner`; PORT is the port.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from dataclasses import dataclass, field
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from config import embedded
from config.demonstration.logins import LOGINS

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PROJECT = Path(__file__).resolve().parent.parent
SEED = "seed_demo"
START_LIMIT = 60.0  # seconds until the web process must answer for the first time
# Signals and the seconds to wait after each. Together with the stop of the embedded servers this takes less than five
# seconds. An interrupted job is still due, and the next start does it.
PATIENCE = ((signal.SIGTERM, 1.5), (signal.SIGQUIT, 0.5), (signal.SIGKILL, 0.5))
LONGEST_LINE = 1024 * 1024  # bytes


class CannotRunError(Exception):
    """The service cannot run. The message says why."""


@dataclass
class House:
    """The processes that run, and why they stop."""

    listener: socket.socket
    port: int
    processes: dict[str, Process] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    broken: str = ""

    async def run(self) -> int:
        """Run until stopped, or until a process ends by itself; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop.set)
        python = sys.executable
        celery = (python, "-m", "celery", "--quiet", "-A", "config.celery")
        quick = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        descriptor = self.listener.fileno()
        commands = {
            "web": (python, "-m", "config.web", str(descriptor)),
            "worker": (*celery, "worker", *quick),
            "beat": (*celery, "beat", "--pidfile="),
        }
        async with asyncio.TaskGroup() as tasks:
            for name, command in commands.items():
                process = await self._start(command, (descriptor,) if name == "web" else ())
                self.processes[name] = process
                tasks.create_task(self._follow(name, process))
            self.listener.close()  # the web process holds it now
            greeting = tasks.create_task(self._greet())
            await self.stop.wait()
            greeting.cancel()
            await self._end()
        if self.broken:
            _say(self.broken)
            return 1
        return 0

    @staticmethod
    async def _start(command: tuple[str, ...], descriptors: tuple[int, ...]) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "config.child", str(os.getpid()), *command),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=PROJECT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            pass_fds=descriptors,
            limit=LONGEST_LINE,
        )

    async def _follow(self, name: str, process: Process) -> None:
        """Print the lines of a process, and stop everything when it ends by itself."""
        if process.stdout is not None:
            async for line in process.stdout:
                if text := line.decode(errors="replace").rstrip():
                    _say(f"{name:<6} | {text}")
        code = await process.wait()
        if not self.stop.is_set():
            self.broken = f"The {name} process ended by itself (exit code {code}); everything was stopped."
            self.stop.set()

    async def _greet(self) -> None:
        """Print the address and the log-ins once the web process answers."""
        try:
            async with asyncio.timeout(START_LIMIT):
                reader, writer = await asyncio.open_connection(HOST, self.port)
                writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                await reader.read()
                writer.close()
        except (OSError, TimeoutError):
            self.broken = f"The web process gave no answer within {START_LIMIT:.0f} s."
            self.stop.set()
            return
        _say(f"\nAccompagnement 100 % web: {settings.PUBLIC_URL}\n")
        for login in LOGINS if settings.DEMONSTRATION else ():
            _say(f"  {login.role:<24} {login.email:<44} {login.password}")
        _say("\nCtrl-C stops everything; the data stay.\n")

    async def _end(self) -> None:
        for number, patience in PATIENCE:
            alive = [process for process in self.processes.values() if process.returncode is None]
            if not alive:
                return
            for process in alive:
                process.send_signal(number)
            await asyncio.wait([asyncio.ensure_future(process.wait()) for process in alive], timeout=patience)


def port() -> int:
    """Return the port that PORT names, or raise CannotRunError."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        msg = f"PORT must be a number from 1 to 65535, not {text!r}."
        raise CannotRunError(msg)
    return int(text)


def listen(number: int) -> socket.socket:
    """Take the port before anything else starts, or raise CannotRunError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, number))
    except PermissionError as error:
        listener.close()
        msg = f"Port {number} is reserved for root: set PORT to one above 1023, as in `make run PORT=8001`."
        raise CannotRunError(msg) from error
    except OSError as error:
        listener.close()
        msg = f"Port {number} is taken by another program: set PORT to a free one, as in `make run PORT=8001`."
        raise CannotRunError(msg) from error
    listener.listen(128)
    return listener


def prepare() -> None:
    """Migrate the database, and fill an empty one with the demonstration."""
    call_command("migrate", verbosity=0, interactive=False)
    if settings.DEMONSTRATION and not get_user_model().objects.exists():
        if SEED in get_commands():
            _say("The database is empty: loading the demonstration…")
            call_command(SEED)
        else:
            _say(f"The database is empty, and there is no command {SEED} to fill it.")
    for connection in connections.all(initialized_only=True):
        connection.close()
        if isinstance(connection, DatabaseWrapper):
            connection.close_pool()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the house; return the exit code of the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    # Ends a start that is under way, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        number = port()
        listener = listen(number)
        django.setup()
        prepare()
        return asyncio.run(House(listener, number).run())
    except (CannotRunError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if settings.configured:
            embedded.leave(settings.DATA_DIR)


if __name__ == "__main__":
    sys.exit(main())
