"""A real coturn with the configuration that the service prints, on loopback."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import monotonic

from django.core.management import call_command

SECRET = "a secret of the tests"
READY_WITHIN = 20
"""Seconds within which coturn must be listening."""

ANSWER = re.compile(r"error|success: 0x", re.IGNORECASE)
"""The line of coturn's client that says whether there is a way to the peer; what is before it only prepares it."""

ON_LOOPBACK = ("allow-loopback-peers", "allowed-peer-ip=127.0.0.1")
"""What lets two browsers on one machine meet. The configuration refuses both, like every address that is not public."""


@dataclass(frozen=True)
class Coturn:
    """A relay that listens on a port of 127.0.0.1, and what it has said."""

    port: int
    said: Path
    process: "subprocess.Popen[bytes]"

    def freeze(self) -> None:
        """Let nothing through any more, as a network that is gone would."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *, peer: str, user: str, password: str) -> str:
        """Ask the relay for a way to a peer, as coturn's own client does; return its answer, in the client's words.

        The client is stopped there: it would go on to send and to wait for an echo.
        """
        family = ["-x"] if ":" in peer else []
        asked = ["turnutils_uclient", "-v", *family, "-u", user, "-w", password, "-n", "1", "-c"]
        asked += ["-p", str(self.port), "-e", peer, "127.0.0.1"]
        with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
            assert client.stdout is not None
            try:
                return next((line for line in client.stdout if ANSWER.search(line)), "no answer")
            finally:
                client.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def printed(*, port: int, addresses: Sequence[str]) -> str:
    """Return what `coturn_config` prints; TURN_SECRET is set."""
    out = StringIO()
    chosen = [f"--address={address}" for address in addresses]
    call_command("coturn_config", f"--port={port}", f"--tls-port={free_port()}", *chosen, stdout=out)
    return out.getvalue()


@contextmanager
def coturn(folder: Path, *, without: str = "", extra: Sequence[str] = ()) -> Iterator[Coturn]:
    """Run coturn with what the service prints, less the lines that match `without`, and with `extra` lines."""
    port = free_port()
    lines = printed(port=port, addresses=["127.0.0.1", "::1"]).splitlines()
    # Its place in the system belongs to the packaged server, and a certificate is not needed without TLS.
    lines = [line for line in lines if not line.startswith(("cert=", "pkey="))]
    lines = [line for line in lines if not without or not re.search(without, line)]
    path, said = folder / "turnserver.conf", folder / "coturn.log"
    path.write_text("\n".join([*lines, "no-tls", "no-dtls", f"userdb={folder / 'turndb'}", *extra, ""]))
    with said.open("w") as log:
        server = subprocess.Popen(
            ["turnserver", "-c", path, "--pidfile", folder / "coturn.pid"],  # noqa: S607
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ},
        )
        try:
            _wait(server, said, port)
            yield Coturn(port=port, said=said, process=server)
        finally:
            server.kill()
            server.wait()


def _wait(server: "subprocess.Popen[bytes]", said: Path, port: int) -> None:
    deadline = monotonic() + READY_WITHIN
    while monotonic() < deadline:
        assert server.poll() is None, said.read_text()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(said.read_text())
