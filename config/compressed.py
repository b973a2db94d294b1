"""What browsers get compressed where `collectstatic` has not run, and pages everywhere."""

import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.compress import Compressor

_compressor = Compressor(quiet=True)
ENDINGS = (".br", ".gz", "")
"""The file itself comes last: where it is, the others are."""


def compressed_copy(source: str, name: str) -> str:
    """Return the path of a copy of a static file that has compressed ones beside it, as `collectstatic` makes them."""
    if not _compressor.should_compress(name) or not Path(source).is_file():
        return source
    copy = Path(settings.DATA_DIR) / "static" / "compressed" / name
    if not _is_current(copy, Path(source)):
        copy.parent.mkdir(parents=True, exist_ok=True)
        # Other processes may read or make the same copy meanwhile.
        with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
            new = shutil.copy2(source, folder)
            _compressor.compress(new)
            for ending in ENDINGS:
                if Path(new + ending).exists():
                    Path(new + ending).replace(f"{copy}{ending}")
                else:
                    Path(f"{copy}{ending}").unlink(missing_ok=True)
    return str(copy)


def _is_current(copy: Path, source: Path) -> bool:
    facts = source.stat()
    try:
        old = copy.stat()
    except FileNotFoundError:
        return False
    return (old.st_mtime_ns, old.st_size) == (facts.st_mtime_ns, facts.st_size)


def may_be_compressed(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether the length of a compressed page tells nothing (BREACH).

    It can tell what a page holds if a stranger chooses words of the same page, and sees how well they compress with
    the rest. A stranger can choose the query of a link, so a page with a query goes as it is, and so does the answer to
    a form.
    """
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    return is_page and request.method in {"GET", "HEAD"} and not request.META.get("QUERY_STRING")
