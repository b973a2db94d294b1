"""`make setup`: turn a bare Python into an environment that runs and tests everything.

It uses only the standard library, because nothing is installed yet. A second call finds its stamp and does nothing. The
machine's settings of pip and uv (mirrors, certificates) apply.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from ctypes.util import find_library
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
UV_FOLDER = PROJECT / ".uv"
ENVIRONMENT = PROJECT / ".venv"
STAMP = ENVIRONMENT / ".setup-stamp"
PDF_LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}
"""The libraries that certificates as PDF need, and their packages on Debian."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = "chromium-headless-shell"
"""Chromium without a window. Most tests of pages use it where it is to be had, as it takes less processor time."""
RELAY = "turnserver"
READERS = {"openssl": "openssl", "systemd-analyze": "systemd"}
"""Programs with which tests check the files of docs/deploy, and their packages on Debian."""
NGINX = ENVIRONMENT / "programs/usr/sbin/nginx"
"""Checks the proxy's file in tests. It is unpacked beside the environment, because its package would start a server."""


class SetupError(Exception):
    """The environment cannot be made. The message says what to do."""


def main() -> int:
    """Make what is missing; return the exit code of the command."""
    try:
        if not _is_current():
            _install_uv()
            _sync()
            _install_programs()
            STAMP.write_text(_key(), encoding="ascii")
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for sentence in _missing_programs():
        sys.stderr.write(f"{sentence}\n")
    return 0


def _key() -> str:
    """Return a digest of everything that the environment depends on."""
    digest = hashlib.sha256(f"{UV_VERSION} {sys.version}".encode())
    for path in (PROJECT / "uv.lock", PROJECT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_current() -> bool:
    try:
        return STAMP.read_text(encoding="ascii") == _key() and (ENVIRONMENT / "bin/python").exists()
    except FileNotFoundError:
        return False


def _install_uv() -> None:
    python = UV_FOLDER / "bin/python"
    if (UV_FOLDER / "bin/uv").exists() and _succeeds([UV_FOLDER / "bin/uv", "--version"]):
        version = _output([UV_FOLDER / "bin/uv", "--version"])
        if version.split()[1:2] == [UV_VERSION]:
            return
    if importlib.util.find_spec("ensurepip") is None:
        release = f"{sys.version_info.major}.{sys.version_info.minor}"
        msg = f"{sys.executable} cannot make virtual environments: install its package (Debian: python{release}-venv)."
        raise SetupError(msg)
    _say(f"Installing uv {UV_VERSION} in .uv …")
    shutil.rmtree(UV_FOLDER, ignore_errors=True)
    _run([sys.executable, "-m", "venv", UV_FOLDER], "The folder .uv could not be made")
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}"]
    _run(install, "uv could not be installed; is a package index within reach?")


def _sync() -> None:
    _say("Installing the locked dependencies in .venv …")
    ignored = {"VIRTUAL_ENV", "UV_PYTHON"}
    environment = {name: value for name, value in os.environ.items() if name not in ignored}
    environment |= {"UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT), "UV_PYTHON_DOWNLOADS": "never"}
    _run(
        # Compiled once here: where Python cannot write bytecode, each process would compile everything again.
        [UV_FOLDER / "bin/uv", "sync", "--frozen", "--quiet", "--compile-bytecode", "--python", sys.executable],
        "The locked dependencies could not be installed; is a package index within reach?",
        environment,
    )


def _install_programs() -> None:
    """Install the tests' browser, the video relay and the PDF libraries, if possible."""
    wanted = []
    if not _has_browser():
        wanted.append("chromium")
    if shutil.which(SHELL) is None:
        wanted.append(SHELL)
    wanted += [package for library, package in PDF_LIBRARIES.items() if find_library(library) is None]
    relay_is_new = shutil.which(RELAY) is None
    if relay_is_new:
        wanted.append("coturn")
    wanted += [package for program, package in READERS.items() if shutil.which(program) is None]
    administrator = _administrator()
    if wanted and administrator is not None and shutil.which("apt-get"):
        _say(f"Installing {' and '.join(wanted)} with apt …")
        apt = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
        _succeeds([*apt, "update"])
        for package in wanted:  # one by one: a missing package must not prevent the others
            _succeeds([*apt, "install", "--no-install-recommends", package])
        if relay_is_new and shutil.which("systemctl"):
            # The package starts a public relay at each boot; tests start one of their own.
            _succeeds([*administrator, "systemctl", "disable", "--now", "coturn"])
    _unpack_nginx()
    if not _has_browser():
        _say("Installing Chromium with Playwright …")
        _succeeds([ENVIRONMENT / "bin/python", "-m", "playwright", "install", "chromium"])


def _unpack_nginx() -> None:
    if shutil.which("nginx") or NGINX.exists() or shutil.which("apt-get") is None:
        return
    _say("Unpacking nginx in .venv/programs …")
    with tempfile.TemporaryDirectory() as folder:
        if _succeeds(["apt-get", "-qq", "download", "nginx"], folder):
            for package in Path(folder).glob("nginx_*.deb"):
                _succeeds(["dpkg", "-x", package, ENVIRONMENT / "programs"])


def _administrator() -> list[str] | None:
    """Return the prefix of a command that needs root, or None if nobody may run one without being asked."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _succeeds(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    return None


def _has_browser() -> bool:
    if any(shutil.which(name) for name in BROWSERS):
        return True
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright"
    return any(Path(folder).glob("chromium-*/INSTALLATION_COMPLETE"))


def _missing_programs() -> list[str]:
    sentences = []
    if not _has_browser():
        sentences.append("No Chromium was found or could be installed: the browser tests will fail (Debian: chromium).")
    if shutil.which(RELAY) is None:
        sentences.append(
            "No coturn was found or could be installed: video calls then reach no further than one's own network "
            "(Debian: coturn)."
        )
    readers = [package for program, package in READERS.items() if shutil.which(program) is None]
    if not (shutil.which("nginx") or NGINX.exists()):
        readers.append("nginx")
    if readers:
        sentences.append(
            "Programs that read the files of docs/deploy were not found and could not be installed: their tests will "
            f"fail (Debian: {' '.join(readers)})."
        )
    missing = [package for library, package in PDF_LIBRARIES.items() if find_library(library) is None]
    if missing:
        sentences.append(
            "Libraries that lay out PDFs were not found and could not be installed: certificates are then shown as a "
            f"page to print, and their tests will fail (Debian: {' '.join(missing)})."
        )
    return sentences


def _run(command: Sequence[str | Path], complaint: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        msg = f"{done.stdout.strip()}\n{complaint}"
        raise SetupError(msg)


def _succeeds(command: Sequence[str | Path], folder: str | None = None) -> bool:
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, check=False, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode == 0


def _output(command: Sequence[str | Path]) -> str:
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, check=False, capture_output=True, text=True).stdout


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
