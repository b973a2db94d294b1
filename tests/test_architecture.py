"""`docs/architecture.md` says what the code is: its kinds, its hooks, its rooms, and who fills what in which order."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from django.apps import apps
from django.conf import settings

from accompaniment.models.guards import AppendOnly

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
APPS = ("accompaniment", "caseload", "messaging", "visio")
ROOMS = ("desk", "file", "moves", "registration", "steering")
LONGEST_PAGE = 150  # lines


def table_below(heading: str) -> list[list[str]]:
    """Return the cells of the first table that follows these words, without its head."""
    rows = re.findall(r"^\|(.+)\|$", PAGE[PAGE.index(heading) :].split("\n\n- ")[0].split("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows][2:]


def layers() -> list[set[str]]:
    """Return the kinds of the import contract, top to bottom."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    inside = next(one for one in configured["contracts"] if one.get("exhaustive"))
    return [set(re.findall(r"\w+", layer)) for layer in inside["layers"]]


def test_the_page_stays_one_page() -> None:
    assert len(PAGE.splitlines()) <= LONGEST_PAGE


def test_the_table_of_kinds_is_the_import_contract() -> None:
    kinds = [set(re.findall(r"`(\w+)`", row[0])) for row in table_below("## Inside an app")]
    assert kinds == layers()


def test_every_kind_is_used() -> None:
    """A kind that no app has any more is dead."""
    present = {path.stem for app in APPS for path in (ROOT / app).iterdir()}
    assert {kind for layer in layers() for kind in layer} <= present


def hooks() -> dict[str, list[str]]:
    """Return the lists that each module of hooks owns, by its path."""

    def lists(path: Path) -> Iterator[str]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.List):
                assert isinstance(node.target, ast.Name)
                yield node.target.id

    modules = [path for app in APPS for path in sorted((ROOT / app / "hooks").glob("[!_]*.py"))]
    return {str(path.relative_to(ROOT)): list(lists(path)) for path in modules}


def test_the_table_of_hooks_is_the_code() -> None:
    told = [row[0].strip("`") for row in table_below("## Why floors")]
    assert sorted(told) == sorted(hooks())


@pytest.mark.parametrize("path", hooks())
def test_a_module_of_hooks_owns_a_list_and_says_what_for(path: str) -> None:
    module = import_module(path.removesuffix(".py").replace("/", "."))
    assert module.__doc__
    assert hooks()[path]


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in hooks().items() for name in names])
def test_every_list_is_filled_lowest_floor_first(path: str, name: str) -> None:
    filled = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert filled, "nobody fills this list: see config/wiring.py"
    floors = [APPS.index(floor) for entry in filled if (floor := floor_of(entry)) is not None]
    assert floors == sorted(floors)


def floor_of(entry: object) -> str | None:
    """Return the app that a function comes from, or the first function of a group of them that is not a default."""
    functions = [entry] if callable(entry) else [getattr(entry, one.name) for one in fields(cast("Any", entry))]
    own = [one.__module__ for one in functions if callable(one) and one.__name__ != "<lambda>"]
    return own[0].split(".", maxsplit=1)[0] if own else None


def test_only_the_wiring_fills_hooks() -> None:
    """One place shows them all."""
    adding = re.compile(
        r"\b(" + "|".join(sorted({name for names in hooks().values() for name in names})) + r")\b\s*"
        r"(?:\+=|\.(?:append|extend|insert)\()"
    )
    found = [
        str(path.relative_to(ROOT))
        for app in (*APPS, "config")
        for path in (ROOT / app).rglob("*.py")
        if adding.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["config/wiring.py"]


@pytest.mark.parametrize("kind", ["views", "forms", "reads", "services"])
def test_caseload_has_the_same_rooms_in_each_kind(kind: str) -> None:
    present = {path.stem for path in (ROOT / "caseload" / kind).iterdir() if path.is_dir() and path.name[0] != "_"}
    assert present <= set(ROOMS)


@pytest.mark.parametrize("place", ["caseload/views", "caseload/forms", "caseload/reads", "templates/caseload"])
def test_every_room_is_there(place: str) -> None:
    assert set(ROOMS) <= {path.stem for path in (ROOT / place).iterdir()}


@pytest.mark.parametrize("app", APPS)
def test_reads_know_no_request(app: str) -> None:
    """The import contract cannot see Django: what a page shows is composed without HTTP and without a form."""
    foreign = re.compile(r"^from django\.(?:http|forms|shortcuts|views)\b|^from django import forms", re.MULTILINE)
    assert [
        str(path) for path in (ROOT / app / "reads").rglob("*.py") if foreign.search(path.read_text(encoding="utf-8"))
    ] == []


def test_no_app_has_a_module_of_leftovers() -> None:
    names = {path.stem for app in (*APPS, "config") for path in (ROOT / app).rglob("*.py")}
    assert not names & {"utils", "helpers", "misc", "common"}


def test_the_tables_of_history_are_those_of_the_code() -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| history is only added "))
    told, _, _ = row.removeprefix("| ").partition(" | ")
    assert set(re.findall(r"`(\w+)`", told)) == {
        model.__name__ for model in apps.get_models() if issubclass(model, AppendOnly)
    }


NAMED_FILE = re.compile(
    r"(?<![\w./])(?:accompaniment|caseload|config|messaging|static|templates|tests|visio)/[\w/]+\.\w+"
)


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_file_that_a_document_names_exists(page: Path) -> None:
    """The kind: a page that goes on naming what was moved."""
    named = set(NAMED_FILE.findall(page.read_text(encoding="utf-8")))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
