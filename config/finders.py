"""Makes the files of our pages where Django looks for static files: the stylesheet of the design system, the fonts that
it names, and our own scripts and stylesheets without their comments.

So `collectstatic`, `make run` and the tests have the same ones. Without `collectstatic` they are kept in `DATA_DIR`,
and made anew when one of their sources changes.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder, FileSystemFinder
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from rcssmin import cssmin
from rjsmin import jsmin

from config import fonts, stylesheet

NAME = "dsfr/dist/used.css"
"""Beside the system's own, so that the addresses of fonts and icons stay."""
SYSTEM = ("dsfr/dist/dsfr.main.min.css", "dsfr/dist/utility/utility.main.min.css")
FOLDER = "dsfr/dist/"
FRENCH_FONT = re.compile(rf"{FOLDER}fonts/[\w-]+{re.escape(fonts.ENDING)}")
SYSTEM_SCRIPT = "dsfr/dist/dsfr.module.min.js"


class DesignSystemFinder(BaseFinder):
    """Finds `NAME` and the French part of each font in it."""

    def check(self, **_kwargs: Any) -> list[Any]:
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, InMemoryStorage]]:
        """Called by `collectstatic`."""
        storage = InMemoryStorage()
        text = made().text
        storage.save(NAME, ContentFile(text.encode()))
        yield NAME, storage
        for name in fonts.names(text):
            storage.save(FOLDER + name, ContentFile(fonts.french(_whole(name))))
            yield FOLDER + name, storage

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        """Return the path of the file on disk, as it must be now."""
        if path == NAME:
            kept = str(_kept())
        elif FRENCH_FONT.fullmatch(path):
            kept = str(_kept_font(path.removeprefix(FOLDER)))
        else:
            return []  # as Django's own finders do
        return [kept] if find_all else kept


SHORTER: dict[str, Callable[[str], str]] = {".js": jsmin, ".css": cssmin}


class OwnFilesFinder(FileSystemFinder):
    """Finds our own files; scripts and stylesheets without comments and needless spaces."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Called by `collectstatic`."""
        for path, storage in super().list(ignore_patterns):
            if (ending := Path(path).suffix) not in SHORTER:
                yield path, storage
                continue
            memory = InMemoryStorage()
            memory.save(path, ContentFile(_shorter(Path(storage.path(path)), ending)))
            yield path, memory

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        """Return the path of the file on disk, as it must be now."""
        found = super().find(path, find_all=True)
        if Path(path).suffix in SHORTER:
            found = [_kept_shorter(path, Path(each)) for each in found]
        return found if find_all else next(iter(found), [])


def _shorter(source: Path, ending: str) -> bytes:
    return SHORTER[ending](source.read_text(encoding="utf-8")).encode()


def _kept_shorter(name: str, source: Path) -> str:
    """Return the path of the shorter copy of a file. It bears the time of what it was made from."""
    kept = Path(settings.DATA_DIR) / "static" / "shorter" / name
    changed = max(path.stat().st_mtime_ns for path in (source, Path(__file__)))
    try:
        is_current = kept.stat().st_mtime_ns == changed
    except FileNotFoundError:
        kept.parent.mkdir(parents=True, exist_ok=True)
        is_current = False
    if not is_current:
        replace(kept, _shorter(source, source.suffix), changed)
    return str(kept)


def made() -> stylesheet.Stylesheet:
    """Return the used part of the design system."""
    sources = _sources()
    texts = [path.read_text(encoding="utf-8") for path in sources.words]
    vocabulary = stylesheet.Vocabulary(texts, sources.script.read_text(encoding="utf-8"))
    main, utility = (path.read_text(encoding="utf-8") for path in sources.system)
    beside = "".join(path.read_text(encoding="utf-8") for path in sources.beside)
    lean = stylesheet.lean([main, utility.replace("url(../", "url(")], vocabulary, beside)
    return stylesheet.Stylesheet(fonts.in_two(lean.text, sources.system[0].parent), lean.left_out)


def _kept() -> Path:
    kept = Path(settings.DATA_DIR) / "static" / NAME
    mark = f"/* {_sources().digest} */\n"
    try:
        with kept.open(encoding="utf-8") as file:
            if file.readline() == mark:
                return kept
    except FileNotFoundError:
        kept.parent.mkdir(parents=True, exist_ok=True)
    replace(kept, (mark + made().text).encode())
    return kept


def _kept_font(name: str) -> Path:
    whole = _whole(name)
    kept = (
        Path(settings.DATA_DIR)
        / "static"
        / FOLDER
        / f"{_digest([whole, Path(fonts.__file__)])[:16]}-{whole.stem}.woff2"
    )
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace(kept, fonts.french(whole))
    return kept


def _whole(name: str) -> Path:
    return _of_package(FOLDER + name.replace(fonts.ENDING, ".woff2"))


def replace(path: Path, content: bytes, time: int | None = None) -> None:
    """Write a file at once, so that another process reads the old one or the new one.

    `time` is the time of its last change to store, in nanoseconds.
    """
    number, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(number, "wb") as file:
        file.write(content)
    if time is not None:
        os.utime(name, ns=(time, time))
    Path(name).replace(path)


@dataclass
class _Sources:
    """The files from which the stylesheet is made."""

    system: list[Path]
    script: Path
    words: list[Path]
    beside: list[Path]

    @property
    def digest(self) -> str:
        """A digest of what is read, and of how."""
        how = [Path(stylesheet.__file__), Path(fonts.__file__), Path(__file__)]
        return _digest([*self.words, *self.beside, *self.system, self.script, *how])


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        facts = path.stat()
        digest.update(f"{path} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return digest.hexdigest()


def _sources() -> _Sources:
    own = [Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR]
    return _Sources(
        system=[_of_package(name) for name in SYSTEM],
        script=_of_package(SYSTEM_SCRIPT),
        words=[
            *_files(settings.TEMPLATES[0]["DIRS"], ".html"),
            *_files(settings.STATICFILES_DIRS, ".js"),
            *(path for path in _files(own, ".py") if "migrations" not in path.parts),
        ],
        beside=_files(settings.STATICFILES_DIRS, ".css"),
    )


def _files(folders: Iterable[Path], ending: str) -> list[Path]:
    return sorted(
        Path(folder, name)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
        if name.endswith(ending)
    )


def _of_package(name: str) -> Path:
    return Path(str(AppDirectoriesFinder(["dsfr"]).find(name)))
