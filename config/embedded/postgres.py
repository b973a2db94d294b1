"""The embedded PostgreSQL: one cluster, one database, one private socket, no TCP port."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .errors import EmbeddedServersError
from .identity import Identity
from .places import Places

USER = "accompagnement"
DATABASE = "accompagnement"
START_LIMIT = 60.0  # seconds: recovery after a crash may have much to replay
POLL = 0.01  # seconds

# Sized for a laptop of two cores that also runs the web, the worker and a browser.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    # The log holds no personal data: neither the statement that failed nor the values of the row.
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def environment() -> dict[str, str]:
    """Return the environment without PG* variables, which would send the programs to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


class Postgres:
    """One PostgreSQL server, started and stopped by the keeper."""

    def __init__(self, identity: Identity, places: Places, sockets: Path) -> None:
        self.identity = identity
        self.sockets = sockets
        self.lock = places.postgres_lock
        self.log = places.log("postgres")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, inherited: int) -> None:
        """Initialise the cluster if needed, and start the server, which inherits the descriptor of its lock,
        `inherited`.
        """
        if not self.identity.data.exists():
            self._initialise()
        self._check_version()
        # The caller holds the lock, so no server runs on this cluster and a pid file is stale. Its number may now
        # belong to another program, which PostgreSQL would take for a running server.
        (self.identity.data / "postmaster.pid").unlink(missing_ok=True)
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        settings = {**SETTINGS, "unix_socket_directories": str(self.sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.identity.command("postgres", "-D", str(self.identity.data), *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.identity.data,
                env=environment(),
                pass_fds=(inherited,),
                **self.identity.options,
            )
        self._wait_until_ready(self.process)
        self._create_database()

    def has_ended(self) -> bool:
        """Return whether the started server has ended."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Stop at once: open transactions are rolled back, and committed ones are on disk.

        A last checkpoint could take long on a slow disk. Without it, the next start replays the log.
        """
        if self.process is None:
            return
        for signal_number, patience in ((signal.SIGINT, 1.5), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)):
            if self.process.poll() is None:
                self.process.send_signal(signal_number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return

    def _initialise(self) -> None:
        """Create the cluster in a temporary place and move it, so that an interruption leaves no incomplete one."""
        draft = self.identity.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        command = self.identity.command(
            "initdb",
            f"--pgdata={draft}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth-local=trust",  # the folder of the socket is private
            "--auth-host=reject",
            "--no-instructions",
        )
        with self.log.open("ab") as log:
            made = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=draft.parent,
                env=environment(),
                **self.identity.options,
            )
        if made.returncode:
            raise self._failed("PostgreSQL could not create its data folder")
        draft.rename(self.identity.data)

    def _check_version(self) -> None:
        made_by = (self.identity.data / "PG_VERSION").read_text(encoding="ascii").strip()
        report = subprocess.run(
            self.identity.command("postgres", "--version"),
            check=False,
            capture_output=True,
            text=True,
            cwd=self.identity.data,
            **self.identity.options,
        ).stdout
        installed = report.split()[-1].split(".")[0] if report else "?"
        if made_by != installed:
            msg = (
                f"The data in {self.identity.data} were made by PostgreSQL {made_by}, and version {installed} is "
                "installed. Dump them with the old version, or move the folder away to begin anew."
            )
            raise EmbeddedServersError(msg)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        limit = time.monotonic() + START_LIMIT
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                raise self._failed("PostgreSQL did not start")
            if time.monotonic() > limit:
                raise self._failed(f"PostgreSQL was not ready after {START_LIMIT:.0f} s")
            time.sleep(POLL)

    def _is_ready(self, pid: int) -> bool:
        """Read the status that the server writes to the eighth line of its pid file."""
        try:
            lines = (self.identity.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _create_database(self) -> None:
        if DATABASE not in self._ask("SELECT datname FROM pg_database").splitlines():
            self._ask(f"CREATE DATABASE {DATABASE} OWNER {USER}")

    def _ask(self, statement: str) -> str:
        answer = subprocess.run(
            [
                str(self.identity.install / "bin/psql"),
                *("-h", str(self.sockets), "-U", USER, "-d", "postgres"),
                *("--no-psqlrc", "--tuples-only", "--no-align", "-c", statement),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
            cwd=self.sockets,
            **self.identity.options,
        )
        if answer.returncode:
            raise self._failed(f"PostgreSQL refused to prepare its database ({answer.stderr.strip()})")
        return str(answer.stdout).strip()

    def _failed(self, what: str) -> EmbeddedServersError:
        return EmbeddedServersError(f"{what}; its log is {self.log}.")
