"""Comments and docstrings name modules that exist."""

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("accompaniment", "caseload", "messaging", "visio")
KINDS = "consumers|forms|hooks|jobs|locks|management|models|reads|rules|services|templatetags|views"
DOTTED = re.compile(rf"`((?:accompaniment|caseload|config|messaging|visio|tests|{KINDS})(?:\.\w+)+)(?:\(\))?`")
PATH = re.compile(
    r"(?<![\w./])((?:accompaniment|caseload|config|messaging|static|templates|tests|visio)/[\w/.-]+\.\w+)"
)


def remarks(path: Path) -> Iterator[str]:
    """Yield the comments and docstrings of a module, docstrings of constants included."""
    source = path.read_text(encoding="utf-8")
    yield from (token.string for token in generate_tokens(StringIO(source).readline) if token.type == COMMENT)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def is_there(dotted: str) -> bool:
    """Return whether a dotted name is a module, or a name in one. One that begins with a kind may belong to any app."""
    parts = dotted.split(".")
    homes = [ROOT] if (ROOT / parts[0]).is_dir() else [ROOT / app for app in APPS]
    for home in homes:
        for known in range(len(parts), 0, -1):
            stem = home.joinpath(*parts[:known])
            module = next((one for one in (stem.with_suffix(".py"), stem / "__init__.py") if one.is_file()), None)
            if module is None and not (known == len(parts) and stem.is_dir()):
                continue
            rest = parts[known : known + 1]
            if module is None or not rest or re.search(rf"\b{rest[0]}\b", module.read_text(encoding="utf-8")):
                return True
    return False


def test_every_module_that_a_comment_or_docstring_names_exists() -> None:
    """Kind: a comment that still names a moved module."""
    stale = []
    named = 0
    for path in (path for folder in (*APPS, "config", "tests") for path in sorted((ROOT / folder).rglob("*.py"))):
        if "migrations" in path.parts:
            continue
        for remark in remarks(path):
            found = [(one, is_there(one)) for one in DOTTED.findall(remark)]
            found += [(one, (ROOT / one).exists()) for one in PATH.findall(remark)]
            named += len(found)
            stale += [f"{path.relative_to(ROOT)} names {one}" for one, exists in found if not exists]
    assert named > 20, "names were found at all"
    assert stale == []


@pytest.mark.parametrize(
    ("dotted", "exists"),
    [
        ("accompaniment.locks", True),
        ("accompaniment.locks.Rank", True),
        ("services.moves.absences", True),
        ("services.absences", False),
        ("accompaniment.services.moves", False),
        ("accompaniment.locks.lock_nothing", False),
    ],
)
def test_a_module_that_was_moved_is_found_missing(dotted: str, exists: bool) -> None:
    assert is_there(dotted) is exists
