"""The user as which PostgreSQL runs. It refuses to run as root, and a bare machine may have no other user.

An ordinary user runs it directly. Root runs it in a user namespace in which root has the id 1000: the files stay
root's, nothing is opened to others, and a home directory that only root may enter is no problem. If the machine forbids
such namespaces, it runs as the existing user `nobody`, with a copy of the programs and with data under /var/lib, so
that no right of an existing directory changes.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EmbeddedServersError
from .places import PRIVATE, Places

UNPRIVILEGED_USER = "nobody"
SHARED_HOME = Path("/var/lib/accompagnement-web")


@dataclass(frozen=True)
class Identity:
    """How to start a PostgreSQL program, and where its programs and data are."""

    install: Path
    data: Path
    owner: int
    prefix: tuple[str, ...] = ()
    group: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Return what `subprocess` needs in order to become that user."""
        if self.group is None:
            return {}
        return {"user": self.owner, "group": self.group, "extra_groups": []}

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line of one of PostgreSQL's programs."""
        return [*self.prefix, str(self.install / "bin" / program), *arguments]


def choose(places: Places, install: Path) -> Identity:
    """Return the identity that works on this machine, or raise EmbeddedServersError."""
    me = os.geteuid()
    if me != 0:
        return Identity(install, places.postgres, me)
    shared_home = SHARED_HOME / hashlib.sha256(os.fsencode(places.data_dir)).hexdigest()[:16]
    namespace = _namespace(places, install)
    if namespace and not (shared_home / "postgres").exists():
        return Identity(install, places.postgres, me, prefix=namespace)
    if places.postgres.exists():
        msg = (
            f"PostgreSQL refuses to run as root and cannot reach the data in {places.postgres} in another way: "
            "run as their owner, or set DATABASE_URL and REDIS_URL."
        )
        raise EmbeddedServersError(msg)
    return _unprivileged(shared_home, install)


def _namespace(places: Places, install: Path) -> tuple[str, ...]:
    """Return the prefix that runs a program in a namespace of its own, or () if that does not work."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, "--user", "--map-user=1000")
    reach = 'test -x "$1" && test -w "$2" && test "$(id -u)" = 1000'
    trial = [*prefix, "sh", "-c", reach, "sh", str(install / "bin/postgres"), str(places.run)]
    # This is tried out, because kernels, containers and security modules forbid it in different ways.
    worked = subprocess.run(trial, check=False, capture_output=True).returncode == 0
    return prefix if worked else ()


def _unprivileged(home: Path, install: Path) -> Identity:
    try:
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        SHARED_HOME.mkdir(mode=0o755, exist_ok=True)
        home.mkdir(mode=PRIVATE, exist_ok=True)
        os.chown(home, user.pw_uid, user.pw_gid)
        programs = home / "programs"
        if not programs.exists():
            draft = home / "programs.new"
            shutil.rmtree(draft, ignore_errors=True)
            package = install.parent
            shutil.copytree(install, draft / package.name / install.name, symlinks=True)
            # A wheel keeps the shared libraries of its programs beside its package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
            draft.rename(programs)
    except (KeyError, OSError) as error:
        msg = (
            "PostgreSQL refuses to run as root, and this machine allows neither user namespaces nor a copy for "
            f"the user {UNPRIVILEGED_USER} under {SHARED_HOME} ({error}). Run as an ordinary user, or set "
            "DATABASE_URL and REDIS_URL."
        )
        raise EmbeddedServersError(msg) from error
    copied = programs / install.parent.name / install.name
    return Identity(copied, home / "postgres", user.pw_uid, group=user.pw_gid)
