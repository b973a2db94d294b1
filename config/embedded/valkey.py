"""The embedded Valkey: cache, channel layer and broker on one private socket, no TCP port."""

import os
import socket
import subprocess
import time
from pathlib import Path

from .errors import EmbeddedServersError
from .places import Places

DATABASES = 64  # the demonstration uses the first three, each worker of a test run two of its own
START_LIMIT = 30.0  # seconds
POLL = 0.01  # seconds


class Valkey:
    """One Valkey server, started and stopped by the keeper."""

    def __init__(self, program: Path, places: Places, sockets: Path) -> None:
        self.program = program
        self.folder = places.valkey
        self.socket = sockets / "valkey.sock"
        self.lock = places.valkey_lock
        self.log = places.log("valkey")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, inherited: int) -> None:
        """Start the server, which inherits the descriptor of its lock, `inherited`. Waiting tasks are kept on disk."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(self.program),
                    *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
                    *("--databases", str(DATABASES), "--daemonize", "no", "--loglevel", "warning"),
                    *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                    *("--maxmemory-policy", "noeviction"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                pass_fds=(inherited,),
            )
        limit = time.monotonic() + START_LIMIT
        while not self._answers():
            if self.process is None or self.process.poll() is not None:
                msg = f"Valkey did not start; its log is {self.log}."
                raise EmbeddedServersError(msg)
            if time.monotonic() > limit:
                msg = f"Valkey was not ready after {START_LIMIT:.0f} s; its log is {self.log}."
                raise EmbeddedServersError(msg)
            time.sleep(POLL)

    def has_ended(self) -> bool:
        """Return whether the started server has ended."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Stop the server after it has written its command log to disk."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(1.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            try:
                connection.connect(os.fspath(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # "-LOADING" while it reads its file
            except OSError:
                return False
