"""The keeper: a process that starts both servers, waits until nobody holds a lease, and stops them.

It stands outside the session of the command that started it, so that Ctrl-C in a terminal reaches the clients
and not the servers under them. It needs no farewell from a client: the kernel drops the lease of a process
that was killed. Run as `python -m config.embedded.keeper DATA_DIR DESCRIPTOR`, the descriptor holding the
keeper's lock.
"""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import identity, programs
from .errors import EmbeddedServersError
from .locks import exclusive, exclusive_or_none, holders
from .places import Places
from .postgres import Postgres
from .valkey import Valkey

ORPHANS_LIMIT = 10.0  # seconds for servers whose keeper was killed to end by themselves
POLL = 0.02  # seconds


class Told(Exception):  # noqa: N818 (not an error: somebody said that it is time to go)
    """The keeper was told to stop, or one of its servers ended."""


def _told(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Told


class Keeper:
    """Both servers of one DATA_DIR, for as long as somebody holds a lease on them."""

    def __init__(self, places: Places, lock: int) -> None:
        self.places = places
        self.lock = lock
        self.servers: list[Postgres | Valkey] = []

    def run(self) -> None:
        """Start the servers, stay while they are used, stop them."""
        try:
            self._start()
        except (EmbeddedServersError, OSError) as error:
            self._stop()
            self.places.write_state(error=str(error))
            return
        try:
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, _told)
            if any(server.has_ended() for server in self.servers):
                raise Told
            self._stay()
        except Told:
            _ignore_signals()
            with exclusive(self.places.mutex):
                self._end()

    def _start(self) -> None:
        lock = self._end_orphans()
        chosen = identity.choose(self.places, programs.postgres_install())
        sockets = self.places.sockets(chosen.owner)
        postgres = Postgres(chosen, sockets, self.places.log("postgres"))
        valkey = Valkey(programs.valkey_server(), self.places.valkey, sockets, self.places.log("valkey"))
        self.servers = [valkey, postgres]
        for server in self.servers:
            server.start(lock)
        valkey.wait_until_ready()
        os.close(lock)  # from here on the servers alone hold it
        self.places.write_state(sockets=str(sockets))

    def _end_orphans(self) -> int:
        """Return the servers' lock, after ending servers whose keeper was killed before them."""
        limit = time.monotonic() + ORPHANS_LIMIT
        asked = signal.SIGINT
        while (lock := exclusive_or_none(self.places.servers)) is None:
            late = time.monotonic() > limit
            if late and asked == signal.SIGKILL:
                msg = f"Servers of an earlier start still hold {self.places.servers} and cannot be ended."
                raise EmbeddedServersError(msg)
            if late:
                asked, limit = signal.SIGKILL, time.monotonic() + ORPHANS_LIMIT
            for process in holders(self.places.servers):
                _send(process, asked)
            time.sleep(POLL)
        return lock

    def _stay(self) -> None:
        while True:
            lease = os.open(self.places.lease, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lease, fcntl.LOCK_EX)
            finally:
                os.close(lease)
            # Whoever starts takes the mutex before the lease, so the last word is said under the mutex.
            with exclusive(self.places.mutex):
                last = exclusive_or_none(self.places.lease)
                if last is not None:
                    os.close(last)
                    _ignore_signals()
                    self._end()
                    return

    def _end(self) -> None:
        """Stop the servers and give the keeper's lock back, all of it under the mutex."""
        self.places.state.unlink(missing_ok=True)
        self._stop()
        self.places.forget_sockets()
        os.close(self.lock)

    def _stop(self) -> None:
        for server in self.servers:
            server.stop()


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGTERM else signal.SIG_DFL)


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


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
