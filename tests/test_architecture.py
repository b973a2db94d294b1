"""`docs/architecture.md` agrees with the code: kinds, hooks, rooms, and the order in which hooks are filled."""

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

from accompaniment.locks import Rank
from accompaniment.models.guards import AppendOnly
from tests.order import LONGEST

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
APPS = ("accompaniment", "caseload", "messaging", "visio")
ROOMS = ("desk", "file", "moves", "registration", "steering")
LONGEST_PAGE = 150  # lines


def table_below(heading: str) -> list[list[str]]:
    """Return the cells of the first table after these words, without its head."""
    rows = re.findall(r"^\|(.+)\|$", PAGE[PAGE.index(heading) :].split("\n\n- ")[0].split("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows][2:]


def layers() -> list[set[str]]:
    """Return the kinds of the import contract, from top to bottom."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    inside = next(one for one in configured["contracts"] if one.get("exhaustive"))
    return [set(re.findall(r"\w+", layer)) for layer in inside["layers"]]


def test_the_page_stays_one_page() -> None:
    assert len(PAGE.splitlines()) <= LONGEST_PAGE


def test_the_table_of_kinds_is_the_import_contract() -> None:
    kinds = [set(re.findall(r"`(\w+)`", row[0])) for row in table_below("## Inside an app")]
    assert kinds == layers()


def test_every_kind_is_used() -> None:
    """Kind: a documented kind that no app has any more."""
    present = {path.stem for app in APPS for path in (ROOT / app).iterdir()}
    assert {kind for layer in layers() for kind in layer} <= present


def hooks() -> dict[str, list[str]]:
    """Return the lists that each module of hooks owns, by path."""

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
    assert filled, "nothing fills this list: see config/wiring.py"
    floors = [APPS.index(floor) for entry in filled if (floor := floor_of(entry)) is not None]
    assert floors == sorted(floors)


def floor_of(entry: object) -> str | None:
    """Return the app of a function, or of the first function of a group that is not a default."""
    functions = [entry] if callable(entry) else [getattr(entry, one.name) for one in fields(cast("Any", entry))]
    own = [one.__module__ for one in functions if callable(one) and one.__name__ != "<lambda>"]
    return own[0].split(".", maxsplit=1)[0] if own else None


def test_only_the_wiring_fills_hooks() -> None:
    """One place shows all hooks."""
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
    """The import contract cannot see Django. Reads compose a page without HTTP and forms."""
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
    """Kind: a page that still names a moved file."""
    named = set(NAMED_FILE.findall(page.read_text(encoding="utf-8")))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


LONGEST_FILE = 500  # lines
NOT_WRITTEN_BY_LINE = ("migrations", "data")
"""Folders with files that nobody reads from end to end: migrations and reference tables."""


def files_of_ours() -> list[Path]:
    """Return every file of code, style or template, tests included."""
    folders = [ROOT / name for name in (*APPS, "config", "templates", "static", "tests")]
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".py", ".js", ".css", ".html"} and not set(NOT_WRITTEN_BY_LINE) & set(path.parts)
    ]


def test_no_file_is_too_long_to_be_read() -> None:
    """Kind: a file about several things. It is split by subject."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files_of_ours()}
    assert lengths.keys() >= {"tests/test_architecture.py", "static/caseload/desk.css"}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def modules_that_are_imported(path: Path) -> Iterator[str]:
    """Yield every module that this one may import, including imports inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_what_tests_share_stands_in_no_test() -> None:
    """Kind: a helper in a sibling test. A change of one test would change the other unnoticed."""
    tests = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert Path(__file__).stem in tests
    shared = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files_of_ours()
        if path.suffix == ".py"
        for module in modules_that_are_imported(path)
        if module.startswith("tests.") and module.rpartition(".")[2] in tests
    ]
    assert shared == []


def test_tests_with_browsers_wait_in_one_way() -> None:
    """Kind: Playwright's own wait with a bare expression, which our CSP forbids if it is false at first."""
    waiting = {path.name for path in (ROOT / "tests/e2e").glob("*.py") if ".wait_for_function(" in path.read_text()}
    assert waiting == {"browser.py"}


def sentences_of_views() -> str:
    """Return what views say of an act that was done, line by line."""
    nodes = (ast.walk(ast.parse(path.read_text())) for app in APPS for path in (ROOT / app / "views").rglob("*.py"))
    texts = (node.value for tree in nodes for node in tree if isinstance(node, ast.Constant))
    return "\n".join(text for text in texts if isinstance(text, str) and re.search(r"\w[.:] ?$", text))


def test_tests_with_browsers_look_for_a_toast_where_it_stands() -> None:
    """Kind: a text that comes a second time after a moment, so that the test passes only on a quick machine."""
    said = sentences_of_views()
    assert "La note est enregistrée." in said
    sought = re.compile(r'get_by_text\(\s*f?"(?:\{[^}]*\})?([^"{]{9,})"')
    texts = {text.strip() for path in (ROOT / "tests/e2e").glob("*.py") for text in sought.findall(path.read_text())}
    assert "Rien n'attend." in texts
    assert {text for text in texts if text in said} == set()


def test_the_order_of_the_tests_names_modules_that_exist() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []


LOCKING_SQL = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b|\bFOR (?:KEY )?SHARE\b")
SETS_OF_ROWS = {
    "accompaniment/services/due_days.py",
    "accompaniment/services/imports/statements.py",
    "caseload/services/steering/capacities.py",
    "visio/services/planning.py",
}
"""Statements that find what they lock, and often write it too. They lock by primary key, where they are."""


def test_rows_are_locked_in_the_modules_of_locks_alone() -> None:
    """One place calls Django's lock. The modules of the floors give it rows and a rank, and services call them."""
    found: dict[str, set[str]] = {"select_for_update": set(), "lock_row": set(), "SQL": set()}
    for path in (path for app in (*APPS, "config") for path in (ROOT / app).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
                found["select_for_update"].add(name)
            elif isinstance(node, ast.Name) and node.id in {"lock_row", "lock_rows", "lock_first"}:
                found["lock_row"].add(name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and LOCKING_SQL.search(node.value):
                found["SQL"].add(name)
    assert found["select_for_update"] == {"accompaniment/locks.py"}
    assert found["lock_row"] == {f"{app}/locks.py" for app in APPS}
    assert found["SQL"] - SETS_OF_ROWS == {"accompaniment/locks.py", "caseload/locks.py", "messaging/locks.py"}
    assert found["SQL"] >= SETS_OF_ROWS


def test_the_page_states_the_order_of_the_locks() -> None:
    told = re.search(r"Locks are taken in one order: (.+?)\.", PAGE, re.DOTALL)
    assert told
    words = {
        Rank.IN_HAND: "what a worker has in hand",
        Rank.PERSON: "the person",
        Rank.ACCOUNT: "the account",
        Rank.REGION: "the region",
        Rank.PORTFOLIO: "the portfolio",
        Rank.ADVISER: "the adviser",
        Rank.AGENCY: "the agency",
        Rank.REST: "the rest",
    }
    assert re.split(r",\s+(?:then\s+)?", told[1]) == [words[rank] for rank in Rank]
