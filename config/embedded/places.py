"""Where the embedded servers keep their files.

Data, logs and locks lie under DATA_DIR, wherever that is. Sockets cannot: the path of a Unix socket has at
most 107 bytes and the checkout may lie deep. They get a short private folder of their own, whose name is
remembered under DATA_DIR, so that a client that is still running finds the servers again after a restart.
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
        """Held alone by whoever starts or stops the servers."""
        return self.run / "mutex"

    @property
    def lease(self) -> Path:
        """Held, shared, by every process that uses the servers, for its life."""
        return self.run / "lease"

    @property
    def keeper(self) -> Path:
        """Held alone by the keeper that looks after the servers."""
        return self.run / "keeper"

    @property
    def postgres_lock(self) -> Path:
        """Held by the processes of PostgreSQL: free means that none of them is left."""
        return self.run / "postgres"

    @property
    def valkey_lock(self) -> Path:
        """Held by Valkey: free means that it runs no more."""
        return self.run / "valkey"

    @property
    def state(self) -> Path:
        """Says where the servers listen, or why they could not start; present once the keeper knows."""
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
        """Create the folders that are missing, private ones. A folder that exists keeps its rights."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.data_dir, self.run, self.valkey, self.logs):
            folder.mkdir(mode=PRIVATE, exist_ok=True)

    def log(self, name: str) -> Path:
        """Return the log file of one server, begun anew when it has grown past ten megabytes."""
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > 10 * 1024 * 1024:
            path.replace(path.with_suffix(".log.1"))
        return path

    def write_state(self, **facts: str) -> None:
        """Publish what the keeper knows, whole or not at all."""
        draft = self.state.with_suffix(".new")
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(self.state)

    def read_state(self) -> dict[str, str] | None:
        """Return what the keeper published, or None as long as it has not."""
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
    """Return the machine's folder for temporary files, or /tmp where a socket's path would grow too long."""
    folder = tempfile.gettempdir()
    room = SOCKET_PATH_LIMIT - LONGEST_SOCKET_NAME - len("/accompagnement-12345678")
    plain = re.fullmatch(r"[A-Za-z0-9/._-]+", folder) is not None
    return folder if plain and len(folder) <= room else "/tmp"  # noqa: S108 (mkdtemp makes a private one)
