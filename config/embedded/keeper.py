"""The keeper: a process that starts both servers, waits until nobody holds a lease, and stops them.

It runs outside the session of the command that started it, so that Ctrl-C in a terminal reaches the clients and not the
servers. Clients need not sign off: the kernel releases the lease of a killed process. Run as `python -m
config.embedded.keeper DATA_DIR DESCRIPTOR`; the descriptor holds the keeper's lock.
"""

import contextlib
import enum
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from . import identity, programs
from .errors import EmbeddedServersError
from .locks import exclusive, exclusive_or_none, holders, is_held
from .places import Places
from .postgres import Postgres
from .valkey import Valkey

ORPHANS_LIMIT = 10.0  # seconds for servers whose keeper was killed to end by themselves
REVIVALS = 5  # of a server that died, within REVIVAL_PERIOD; after that something is wrong with it
REVIVAL_PERIOD = 60.0  # seconds
POLL = 0.02  # seconds


class News(enum.Enum):
    """Why the keeper woke up."""

    ALONE = enum.auto()
    SERVER_ENDED = enum.auto()
    TOLD_TO_STOP = enum.auto()


class InterruptedWaitError(Exception):
    """A signal came in while the keeper waited."""


class Keeper:
    """Both servers of one DATA_DIR, running while somebody holds a lease."""

    def __init__(self, places: Places, lock: int) -> None:
        self.places = places
        self.lock = lock
        self.servers: list[Postgres | Valkey] = []
        self.revivals: list[float] = []
        self.told_to_stop = False
        self.waiting = False

    def run(self) -> None:
        """Start the servers, stay while they are used, stop them."""
        try:
            self._start()
        except (EmbeddedServersError, OSError) as error:
            self._stop()
            self.places.write_state(error=str(error))
            return
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        while True:
            news = self._wait()
            # Processes that start take the mutex before the lease, so the final check is made under the mutex.
            with exclusive(self.places.mutex):
                if news is News.ALONE and is_held(self.places.lease):
                    continue
                if news is News.SERVER_ENDED and self._revive():
                    continue
                self._end()
                return

    def _start(self) -> None:
        # All servers of an earlier keeper end before their sockets are removed.
        for path in (self.places.postgres_lock, self.places.valkey_lock):
            os.close(_end_orphans(path))
        chosen = identity.choose(self.places, programs.postgres_install())
        sockets = self.places.sockets(chosen.owner)
        valkey = Valkey(programs.valkey_server(), self.places, sockets)
        postgres = Postgres(chosen, self.places, sockets)
        self.servers = [valkey, postgres]
        for server in self.servers:
            self._start_one(server)
        self.places.write_state(sockets=str(sockets))

    @staticmethod
    def _start_one(server: Postgres | Valkey) -> None:
        lock = _end_orphans(server.lock)
        try:
            server.start(lock)
        finally:
            os.close(lock)  # from here on only the server and its forks hold it

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = self.told_to_stop or number == signal.SIGTERM
        if self.waiting:
            self.waiting = False
            raise InterruptedWaitError

    def _wait(self) -> News:
        """Wait until nobody holds a lease, or until something else happens."""
        lease = os.open(self.places.lease, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self.waiting = True
            if not self.told_to_stop and not any(server.has_ended() for server in self.servers):
                fcntl.flock(lease, fcntl.LOCK_EX)
                self.waiting = False
                return News.ALONE
        except InterruptedWaitError:
            pass
        finally:
            self.waiting = False
            os.close(lease)
        return News.TOLD_TO_STOP if self.told_to_stop else News.SERVER_ENDED

    def _revive(self) -> bool:
        """Restart servers that have ended, unless they end again and again. Return whether everything runs."""
        for server in self.servers:
            if not server.has_ended():
                continue
            now = time.monotonic()
            self.revivals = [*(then for then in self.revivals if now - then < REVIVAL_PERIOD), now]
            if len(self.revivals) > REVIVALS:
                return False
            try:
                self._start_one(server)
            except (EmbeddedServersError, OSError):
                return False
        return True

    def _end(self) -> None:
        """Stop the servers and release the keeper's lock, all under the mutex."""
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGTERM else signal.SIG_DFL)
        self.places.state.unlink(missing_ok=True)
        self._stop()
        self.places.forget_sockets()
        os.close(self.lock)

    def _stop(self) -> None:
        for server in self.servers:
            server.stop()


def _end_orphans(path: Path) -> int:
    """Return the lock of a server, after ending processes that a dead keeper or server left behind."""
    limit = time.monotonic() + ORPHANS_LIMIT
    asked = signal.SIGINT
    while (lock := exclusive_or_none(path)) is None:
        late = time.monotonic() > limit
        if late and asked == signal.SIGKILL:
            msg = f"Servers of an earlier start still hold {path} and cannot be ended."
            raise EmbeddedServersError(msg)
        if late:
            asked, limit = signal.SIGKILL, time.monotonic() + ORPHANS_LIMIT
        for process in holders(path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, asked)
        time.sleep(POLL)
    return lock


def main() -> None:
    """Leave the caller's session and keep the servers."""
    places = Places(Path(sys.argv[1]))
    lock = int(sys.argv[2])
    os.setsid()
    if os.fork():
        os._exit(0)
    Keeper(places, lock).run()


if __name__ == "__main__":
    main()
