"""Everything in the tree is used. Kind: a thing that was left behind when its last use was removed.

Templates are in `tests/test_consistency.py`. A thing that only a test uses is not used.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.conf import global_settings, settings

from tests.access.table import addresses

ROOT = Path(settings.BASE_DIR)
APPS = ("accompaniment", "caseload", "messaging", "visio", "config")


def sources(*folders: str, suffixes: tuple[str, ...]) -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes and not {"migrations", "vendor"} & {*path.parts}
    }


CODE = sources(*APPS, suffixes=(".py",))
TESTS = sources("tests", suffixes=(".py",))
TEMPLATES = sources("templates", suffixes=(".html", ".txt"))
SCRIPTS = sources("static", suffixes=(".js",))
STYLES = sources("static", suffixes=(".css",))
PAGES = "\n".join((*TEMPLATES.values(), *SCRIPTS.values()))
EVERYTHING = "\n".join((*CODE.values(), PAGES))
FOUND_BY_DJANGO = re.compile(r"handler\d{3}|urlpatterns")
FOUND_BY_PYTEST = re.compile(r"test|Test|pytest")


def test_every_name_is_used_by_the_product_itself() -> None:
    """Functions, classes and constants. What has a decorator is registered by it, so it counts as used."""
    words = Counter(re.findall(r"\w+", re.sub(r"^\s*#.*$", "", EVERYTHING, flags=re.MULTILINE)))
    dead = [
        f"{path}: {name}"
        for path, text in CODE.items()
        if "/settings/" not in path and not path.endswith("apps.py")
        for name in _names(text)
        if words[name] == 1 and not FOUND_BY_DJANGO.match(name)
    ]
    assert dead == []


def test_every_helper_of_the_tests_is_used() -> None:
    words = Counter(re.findall(r"\w+", "\n".join(TESTS.values())))
    dead = [
        f"{path}: {name}"
        for path, text in TESTS.items()
        for name in _names(text)
        if words[name] == 1 and not FOUND_BY_PYTEST.match(name) and not FOUND_BY_DJANGO.match(name)
    ]
    assert dead == []


def _names(text: str) -> Iterator[str]:
    """Yield what the module defines at its top."""
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if not node.decorator_list:
                yield node.name
            case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
                yield target.id


FOR_OTHERS = re.compile(r"AXES_|CELERY_|CHANNEL|CONTENT_SECURITY|REDIS|WHITENOISE_|ASGI_|ROOT_URLCONF")
"""Settings that a package reads."""


def test_every_setting_of_ours_is_read() -> None:
    named = {
        name
        for path, text in CODE.items()
        if "/settings/" in path
        for name in re.findall(r"^([A-Z][A-Z0-9_]+)(?:: [^=]+)? =", text, re.MULTILINE)
    }
    ours = {name for name in named if not hasattr(global_settings, name) and not FOR_OTHERS.match(name)}
    words = Counter(re.findall(r"\w+", EVERYTHING))
    assert sorted(name for name in ours if words[name] == 1) == []


def test_every_address_is_named_by_a_page_or_by_code() -> None:
    used = "\n".join((*(text for path, text in CODE.items() if not path.endswith("urls.py")), PAGES))
    assert [name for name in addresses() if not re.search(rf"[\"']{re.escape(name)}[\"']", used)] == []


def test_every_file_that_browsers_load_is_named() -> None:
    """A page or code names it with its whole path, or another such file names it with a relative one."""
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    manifest = (ROOT / "static/frame/manifest.webmanifest").read_text(encoding="utf-8").replace('"src": "', '"src": "/')
    by_files = "\n".join((*SCRIPTS.values(), *STYLES.values(), manifest))
    dead = [
        str(path.relative_to(ROOT))
        for path in files
        if str(path.relative_to(ROOT / "static")) not in EVERYTHING and f"/{path.name}" not in by_files
    ]
    assert dead == []


def test_every_export_of_a_script_is_imported() -> None:
    """Another script imports it, or the browser test that compares the French words of scripts and server."""
    exported = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
    dead = [
        f"{path}: {name}"
        for path, text in SCRIPTS.items()
        for name in exported.findall(text)
        if not any(name in _imports(other) for where, other in SCRIPTS.items() if where != path)
        and not (path == "static/frame/words.js" and f'"{name}"' in TESTS["tests/e2e/test_words.py"])
    ]
    assert dead == []


def _imports(script: str) -> set[str]:
    at_once, when_used = r"import\s*\{([^}]*)\}", r"\{([^}]*)\}\s*=\s*await (?:import|this\.#script)\("
    return set(re.findall(r"\w+", " ".join(re.findall(at_once, script) + re.findall(when_used, script))))


MADE = re.compile(r"[\w-]*\{\{.*?\}\}[\w-]*|\bfr-[\w-]+--(?:\{%.*?%\}[\w-]*)+|\{%.*?%\}")
"""What a template inserts, with the word around it. The names of our own classes are not composed by `{% if %}`."""
BY_HTMX = {"htmx-indicator", "htmx-request"}
CLASS = re.compile(r"\.(-?[a-zA-Z][\w-]*)")
ASKED_FOR = re.compile(r"(?<![\w)\]}])\.(-?[a-zA-Z][\w-]*)")
"""A class in a selector of a script, of an attribute or of a browser test."""


def test_every_class_with_a_style_is_worn() -> None:
    """`desk-need--error` also where a template writes `desk-need--{{ … }}`."""
    styled = {name for text in STYLES.values() for name in CLASS.findall(_selectors(text)) if name[:3] != "fr-"}
    worn = set(re.findall(r"[\w-]+", EVERYTHING))
    begun = {f"{start}--" for start in re.findall(r"([\w-]+?)--(?:\{\{|\{%|\$\{|\{)", EVERYTHING)}
    dead = [name for name in styled - worn - BY_HTMX if not any(name.startswith(start) for start in begun)]
    assert sorted(dead) == []


def test_every_class_that_a_page_wears_has_a_style_or_a_script() -> None:
    """Otherwise the style was removed, or renamed without the page."""
    known = {name for text in STYLES.values() for name in CLASS.findall(text)}
    known |= set(ASKED_FOR.findall("\n".join((PAGES, *TESTS.values()))))
    worn = {
        (path, name)
        for path, text in TEMPLATES.items()
        for value in re.findall(r'\bclass="([^"]*)"', MADE.sub(" ", text))
        for name in value.split()
        if name[:3] != "fr-"
    }
    assert sorted((path, name) for path, name in worn if name not in known) == []


def _selectors(text: str) -> str:
    return re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", text, flags=re.DOTALL)


CHOSEN = {
    # A person chooses it in a form, or an address or a file holds it.
    "AbsenceDecision",
    "AttemptOutcome",
    "Bandwidth",
    "CallbackSubject",
    "CallbackWay",
    "CaseOrder",
    "ImportKind",
    "Modality",
    "NextStep",
    "Outcome",
    "Placeholder",
    "PreferredHours",
    "RefusalReason",
    "RescueReply",
    "ShownEntries",
    "Theme",
    "Tier",
    # Code loops over all members.
    "Awaited",
    "Panel",
}
NOT_SET = {
    "InterviewState.MISSED": "set by its value: the decision on an absence (AbsenceDecision)",
    "LeavingReason.END_OF_REGISTRATION": "no service ends a registration yet; the pages already have its words",
    "PlacementEnd.LEFT": "no service ends a registration yet; the lists already leave these people out",
    "ContactNature.VISIT": "an adviser chooses it when noting a contact",
    "ContactNature.LETTER": "the same",
    "CarriedAlong.TOLD": "only in rows that are older than these codes",
    "TransferObstacle.TOLD": "only in rows that are older than these codes",
}


def test_every_member_of_an_enumeration_is_set_or_it_is_said_why_not() -> None:
    """A member that code only compares with, looks up or filters by is never set."""
    members = {
        f"{enum.name}.{target.id}"
        for path, text in CODE.items()
        if "enums" in path
        for enum in ast.parse(text).body
        if isinstance(enum, ast.ClassDef) and "Choices" in ast.unparse(enum.bases[0] if enum.bases else enum)
        for node in enum.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    read: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for path, text in CODE.items():
        if not path.startswith("config/demonstration"):
            named.update(re.findall(r"\b[A-Z]\w+\.[A-Z][A-Z_]+\b", text))
            read.update(ast.unparse(node) for top in ast.walk(ast.parse(text)) for node in _only_read(top))
    unset = {member for member in members if named[member] <= read[member] and member.split(".")[0] not in CHOSEN}
    assert unset == set(NOT_SET)


ASKING = {"filter", "exclude", "get", "Q", "When"}


def _only_read(top: ast.AST) -> list[ast.expr]:
    match top:
        case ast.Compare():
            return [*_flat(top.left), *(one for part in top.comparators for one in _flat(part))]
        case ast.Dict():
            return [key for key in top.keys if key is not None]
        case ast.MatchValue():
            return [top.value]
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in ASKING:
            return [one for keyword in top.keywords for one in _flat(keyword.value)]
    return []


def _flat(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Set | ast.Tuple | ast.List) else [node]
