"""Embedded PostgreSQL and Valkey, for a laptop or a demonstration; any command finds or starts them.

A process that uses them holds a lease, a shared lock on a file, as long as it lives. A keeper process starts the
servers with the first lease and stops them after the last, whether its holder ended or was killed.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .errors import EmbeddedServersError
from .locks import exclusive, exclusive_or_none, is_held, shared
from .places import Places
from .postgres import DATABASE, USER

__all__ = ["ConnectionUrls", "EmbeddedServersError", "connection_urls", "leave"]

PROJECT = Path(__file__).resolve().parent.parent.parent
POLL = 0.01  # seconds
LOOKS = 20

_leases: dict[Path, int] = {}


@dataclass(frozen=True)
class ConnectionUrls:
    """The addresses of the embedded servers."""

    sockets: Path

    @property
    def database(self) -> str:
        return f"postgres://{USER}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def redis(self) -> str:
        return f"unix://{quote(str(self.sockets / 'valkey.sock'))}"


def connection_urls(data_dir: Path) -> ConnectionUrls:
    """Find or start the servers of `data_dir`, keep them for the life of this process, and return their addresses.

    Raises EmbeddedServersError with one sentence if they cannot run.
    """
    places = Places(data_dir)
    try:
        places.make()
    except OSError as error:
        msg = f"The data folder {data_dir} cannot be used ({error.strerror}): set DATA_DIR to another one."
        raise EmbeddedServersError(msg) from error
    with exclusive(places.mutex):
        if data_dir not in _leases:
            _leases[data_dir] = shared(places.lease)
        keeper_lock = exclusive_or_none(places.keeper)
        if keeper_lock is not None:
            places.state.unlink(missing_ok=True)
            _start_keeper(places, keeper_lock)
        return ConnectionUrls(_wait_for_sockets(places))


def leave(data_dir: Path, patience: float = 4.0) -> bool:
    """Release this process's lease. If it was the last one, wait until the servers have ended.

    Return False if they have not after `patience` seconds. A process that simply ends need not call this.
    """
    places = Places(data_dir)
    lease = _leases.pop(data_dir, None)
    if lease is not None:
        os.close(lease)
    limit = time.monotonic() + patience
    others = 0
    # The keeper too holds the lease for a moment while it finds out whether it was the last one: only a lease
    # that is held each time one looks belongs to another command.
    while is_held(places.keeper) and others < LOOKS:
        if time.monotonic() > limit:
            return False
        others = others + 1 if is_held(places.lease) else 0
        time.sleep(POLL)
    return True


def _start_keeper(places: Places, lock: int) -> None:
    # With PYTHONSAFEPATH, `-m` would not look for this package in the working directory.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    try:
        with places.log("keeper").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", f"{__name__}.keeper", str(places.data_dir), str(lock)],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env=kept,
                pass_fds=(lock,),
            )
    except subprocess.CalledProcessError as error:
        msg = f"The embedded servers' keeper did not start; its log is {places.logs / 'keeper.log'}."
        raise EmbeddedServersError(msg) from error
    finally:
        os.close(lock)


def _wait_for_sockets(places: Places) -> Path:
    while (state := places.read_state()) is None:
        if not is_held(places.keeper) and places.read_state() is None:
            msg = f"The embedded servers' keeper ended early; its log is {places.logs / 'keeper.log'}."
            raise EmbeddedServersError(msg)
        time.sleep(POLL)
    if "error" in state:
        raise EmbeddedServersError(state["error"])
    return Path(state["sockets"])
