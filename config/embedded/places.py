"""Where the embedded servers keep their files.

Data, logs and locks are under DATA_DIR. Sockets are not: the path of a Unix socket has at most 107 bytes, and the
checkout may be deep. They have a short private directory, whose name is stored under DATA_DIR, so that running clients
find the servers again after a restart.
"""

import json
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_LIMIT = 107  # bytes, as Linux has it; macOS allows 103, which the margin below covers
LONGEST_SOCKET_NAME = len(".s.PGSQL.5432.lock") + 8
PRIVATE = 0o700


@dataclass(frozen=True)
class Places:
    """The files and folders of one DATA_DIR."""

    data_dir: Path

    @property
    def run(self) -> Path:
        return self.data_dir / "run"

    @property
    def mutex(self) -> Path:
        """Exclusive lock of a process that starts or stops the servers."""
        return self.run / "mutex"

    @property
    def lease(self) -> Path:
        """Shared lock of every process that uses the servers, held as long as it lives."""
        return self.run / "lease"

    @property
    def keeper(self) -> Path:
        """Exclusive lock of the keeper that looks after the servers."""
        return self.run / "keeper"

    @property
    def postgres_lock(self) -> Path:
        """Held by the processes of PostgreSQL; free once none of them is left."""
        return self.run / "postgres"

    @property
    def valkey_lock(self) -> Path:
        """Held by Valkey; free once it has ended."""
        return self.run / "valkey"

    @property
    def state(self) -> Path:
        """The addresses of the servers, or why they could not start; written once the keeper knows."""
        return self.run / "state.json"

    @property
    def socket_note(self) -> Path:
        return self.run / "sockets"

    @property
    def postgres(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def valkey(self) -> Path:
        return self.data_dir / "valkey"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    def make(self) -> None:
        """Create missing directories as private ones. Existing ones keep their rights."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.data_dir, self.run, self.valkey, self.logs):
            folder.mkdir(mode=PRIVATE, exist_ok=True)

    def log(self, name: str) -> Path:
        """Return the log file of one server, started afresh if it is larger than ten megabytes."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > 10 * 1024 * 1024:
            path.replace(path.with_suffix(".log.1"))
        return path

    def write_state(self, **facts: str) -> None:
        """Publish what the keeper knows, atomically."""
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(self.state)

    def read_state(self) -> dict[str, str] | None:
        """Return what the keeper published, or None if it has not yet."""
        try:
            facts = json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return {str(name): str(value) for name, value in facts.items()}

    def sockets(self, owner: int) -> Path:
        """Return the private socket folder of user id `owner`, empty: the one of last time if it can be trusted.

        Call it only while no server runs: what lies in there is then stale, and PostgreSQL would take a stale
        lock file for a running server when its process id has been given to another program.
        """
        folder = self._remembered_sockets(owner)
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="accompagnement-", dir=_short_temporary_folder()))
            if owner != os.geteuid():
                os.chown(folder, owner, -1)
            self.socket_note.write_text(str(folder), encoding="utf-8")
        for stale in folder.iterdir():
            stale.unlink()
        return folder

    def forget_sockets(self) -> None:
        """Remove the socket folder after a clean stop."""
        try:
            folder = Path(self.socket_note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        self.socket_note.unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def _remembered_sockets(self, owner: int) -> Path | None:
        try:
            folder = Path(self.socket_note.read_text(encoding="utf-8"))
            status = folder.lstat()
        except (FileNotFoundError, ValueError):
            return None
        private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == PRIVATE
        return folder if private and status.st_uid == owner else None


def _short_temporary_folder() -> str:
    """Return the machine's directory for temporary files, or /tmp if socket paths would be too long there."""
    folder = tempfile.gettempdir()
    room = SOCKET_PATH_LIMIT - LONGEST_SOCKET_NAME - len("/accompagnement-12345678")
    plain = re.fullmatch(r"[A-Za-z0-9/._-]+", folder) is not None
    return folder if plain and len(folder) <= room else "/tmp"  # noqa: S108 (mkdtemp makes a private one)
