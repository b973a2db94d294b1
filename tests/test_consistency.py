"""Properties of the source tree itself."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from inspect import getsource, unwrap
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver

from accompaniment.enums import NotificationKind
from tests.systems_script import UNNEEDED, parts

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
APPS = ("accompaniment", "caseload", "messaging", "visio", "config")
CODE = [path for app in (*APPS, "tests") for path in sorted((ROOT / app).rglob("*.py"))]
PAGES = sorted(TEMPLATES.rglob("*.html"))
LETTERS = sorted(TEMPLATES.rglob("*.txt"))
OWN_STATIC = [
    path
    for path in sorted((ROOT / "static").rglob("*"))
    if path.suffix in {".js", ".css"} and "vendor" not in path.parts and not path.name.endswith(".min.js")
]
LONGEST_FILE = 500  # lines

FOUND_BY_DJANGO = {"403.html", "404.html", "500.html", "403_csrf.html"}
"""Templates that Django itself uses by name."""


NO_BREAK = "\u00a0\u202f"


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_is_short_enough_to_be_read() -> None:
    own = [path for path in (*CODE, *PAGES, *LETTERS, *OWN_STATIC) if not {"migrations", "tests"} & {*path.parts}]
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in own}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE and not name.endswith(".css")}


def test_every_template_compiles() -> None:
    for path in (*PAGES, *LETTERS):
        get_template(str(path.relative_to(TEMPLATES)))


def test_no_template_is_unused() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (*CODE, *PAGES, *LETTERS) if "tests" not in path.parts
    )
    letters = {f"messaging/emails/{kind}.txt" for kind in NotificationKind.values}
    names = {str(path.relative_to(TEMPLATES)) for path in (*PAGES, *LETTERS)} - FOUND_BY_DJANGO - letters
    assert sorted(name for name in names if f'"{name}"' not in sources and f"'{name}'" not in sources) == []


@pytest.mark.parametrize("kind", NotificationKind.values)
def test_every_notification_has_its_letter(kind: str) -> None:
    first, _, rest = (TEMPLATES / f"messaging/emails/{kind}.txt").read_text(encoding="utf-8").partition("\n")
    assert first.strip()
    assert rest.strip()


def url_names() -> set[str]:
    def walk(patterns: list[URLPattern | URLResolver]) -> set[str]:
        names: set[str] = set()
        for pattern in patterns:
            names |= walk(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name or ""}
        return names

    return walk(get_resolver().url_patterns)


def test_every_icon_that_a_page_names_exists() -> None:
    """Kind: an icon that the design system lacks, which it draws as a black square."""
    styles = "".join(
        Path(str(finders.find(f"dsfr/dist/{name}"))).read_text(encoding="utf-8")
        for name in ("dsfr.main.min.css", "utility/utility.main.min.css")
    )
    used = {
        (relative(path), icon)
        for path in (*PAGES, *OWN_STATIC)
        for icon in re.findall(r"\bfr-icon-[a-z0-9-]+", path.read_text(encoding="utf-8"))
    }
    assert sorted((path, icon) for path, icon in used if f".{icon}" not in styles) == []


def test_pages_load_the_systems_script_where_they_need_it() -> None:
    """Kind: a part that does nothing, because the page does not load the script that runs it.

    `static/frame/frame.js` names the parts. Every look at a page checks that they run (`tests/e2e/browser.py`).
    """
    frame = (ROOT / "static/frame/frame.js").read_text(encoding="utf-8")
    needed = set(re.findall(r"\.fr-([a-z-]+)", re.findall(r"NEED_SYSTEM = (.*);", frame)[0]))
    worn = {
        name
        for path in (*PAGES, *OWN_STATIC)
        for name in re.findall(r"\bfr-([a-z-]+?)(?=__|--|[^a-z-])", path.read_text(encoding="utf-8"))
    }
    assert needed <= parts()
    assert sorted(worn & parts() - UNNEEDED) == sorted(needed)
    after_all = re.compile(r"btns-group--equisized|tag--dismiss|class=\"[^\"]*fr-tag[^\"]*\"[^>]*aria-pressed")
    assert [
        relative(path) for path in (*PAGES, *OWN_STATIC) if after_all.search(path.read_text(encoding="utf-8"))
    ] == []


def test_every_address_that_a_template_names_exists() -> None:
    known = url_names()
    used = {
        (relative(path), name)
        for path in (*PAGES, *LETTERS)
        for name in re.findall(r"{%\s*url\s+[\"']([^\"']+)[\"'](?![^%]*\sas\s)", path.read_text(encoding="utf-8"))
    }
    assert sorted((path, name) for path, name in used if name not in known) == []


INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(
        r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*\btype\s*=\s*[\"']application/json)", re.IGNORECASE
    ),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript address": re.compile(r"[\"']javascript:", re.IGNORECASE),
    "something marked safe": re.compile(r"\|\s*safe\b|{%\s*autoescape\s+off"),
    "an address of another site": re.compile(r"<(?:script|link|img|iframe)\b[^>]*[\"'](?:https?:)?//", re.IGNORECASE),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_page_holds(what: str) -> None:
    found = [relative(path) for path in PAGES if INLINE[what].search(path.read_text(encoding="utf-8"))]
    assert found == []


def visible_text(source: str) -> str:
    """Return the visible text of a template: without tags and comments, and with a letter for each variable."""
    source = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", "", source, flags=re.DOTALL)
    source = re.sub(r"<(script|style|code)\b.*?</\1>", "", source, flags=re.DOTALL | re.IGNORECASE)
    source = re.sub(r"{%.*?%}", "", source, flags=re.DOTALL)
    source = re.sub(r"{{.*?}}", "x", source, flags=re.DOTALL)
    source = re.sub(r"<[^>]*>", "\n", source)
    return source.replace("&nbsp;", "\u00a0").replace("&#8239;", "\u202f").replace("&#160;", "\u00a0")


def test_punctuation_is_not_left_alone_at_the_beginning_of_a_line() -> None:
    """French has a no-break space before `: ; ? ! %` and inside « »."""
    wrong = []
    for path in PAGES:
        text = visible_text(path.read_text(encoding="utf-8"))
        text = re.sub(r"\d\s*:\s*\d|https?:|&[a-z#0-9]+;", "", text)
        wrong += [
            f"{relative(path)}: …{match.group(0)!r}"
            for match in re.finditer(
                rf"[^\n]{{0,25}}(?:[^{NO_BREAK}\s:;?!%][;?!:%]|[ \t][;?!:%](?!\w)|«[^{NO_BREAK}]|[^{NO_BREAK}]»)", text
            )
        ]
    assert not wrong, "\n".join(wrong)


ONCE_ANYWAY = {
    "accompaniment/accompaniment.html",
    "accompaniment/confirm_address.html",
    "accompaniment/first_access.html",
    "accompaniment/login.html",
    "accompaniment/partials/_choose_password.html",
    "accompaniment/password_forgotten.html",
    "accompaniment/remove_document.html",
    "caseload/file/action_plan.html",
    "caseload/file/partials/_person_acts.html",
    "caseload/file/partials/_person_details_ask.html",
    "caseload/desk/saved_view.html",
    "caseload/file/withdraw_note.html",
    "messaging/partials/_thread.html",
    "accompaniment/partials/_display_form.html",
    "partials/_header.html",
    "visio/room.html",
    "visio/partials/_report_failure.html",
    "caseload/steering/opening.html",
}
"""Forms without a token of `accompaniment.views.once`: nobody is logged in yet, sending twice changes nothing, or the
form has its own token (a transfer, a message)."""


def forms_in(path: Path) -> list[str]:
    source = path.read_text(encoding="utf-8")
    return re.findall(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", source, flags=re.DOTALL | re.IGNORECASE)


def test_every_form_that_acts_has_a_token_to_act_once() -> None:
    without = {
        relative(path).removeprefix("templates/")
        for path in PAGES
        for form in forms_in(path)
        if "{% once_token %}" not in form
    }
    assert sorted(without - ONCE_ANYWAY) == []


INCLUDED = re.compile(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']")
ACTION = re.compile(r"<form\b[^>]*\baction=[\"']{%\s*url\s+[\"'](\w+)[\"']")


@cache
def views() -> dict[str, tuple[str, str]]:
    """Return the module and function of each named URL."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern

    found = ((pattern.name, unwrap(pattern.callback)) for pattern in walk(get_resolver().url_patterns))
    return {str(name): (view.__module__, view.__name__) for name, view in found}


@cache
def functions_of(module: str) -> dict[str, ast.FunctionDef]:
    source = getsource(import_module(module))
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def reached(module: str, function: str) -> list[ast.FunctionDef]:
    """Return a view and all functions that it names, in its own module or another, directly or indirectly."""
    seen: dict[tuple[str, str], ast.FunctionDef] = {}
    left = [(module, function)]
    while left:
        home, name = left.pop()
        named = getattr(import_module(home), name, None)
        origin = getattr(named, "__module__", "") or ""
        home = origin if ".views." in origin else home
        found = functions_of(home).get(name)
        if found is not None and (home, name) not in seen:
            seen[home, name] = found
            left += [(home, node.id) for node in ast.walk(found) if isinstance(node, ast.Name)]
    return list(seen.values())


def words_of_code(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and strings in the code."""
    walked = [node for top in nodes for node in ast.walk(top)]
    names = {node.id for node in walked if isinstance(node, ast.Name)}
    return names | {str(node.value) for node in walked if isinstance(node, ast.Constant)}


@cache
def words_reached(home: str, name: str) -> set[str]:
    """Return the names and strings in all code that a function reaches."""
    return words_of_code(reached(home, name))


def pages_with(template: str) -> set[str]:
    """Return a template and all templates that include it, directly or indirectly."""
    including = {
        relative(path).removeprefix("templates/"): set(INCLUDED.findall(path.read_text(encoding="utf-8")))
        for path in PAGES
    }
    found = {template}
    while more := {page for page, parts in including.items() if parts & found} - found:
        found |= more
    return found


def takes_the_form(view: tuple[str, str]) -> bool:
    """Return whether a view accepts a form with a token only once, or says when the form has gone through."""
    names = words_reached(*view)
    decorators = words_of_code(functions_of(view[0])[view[1]].decorator_list)
    return "once" in decorators or "went_through" in names


def test_every_view_that_takes_a_token_forgets_the_kept_text_when_it_went_through() -> None:
    """Kind: text of an ended session that comes back over what was saved since."""
    wrong = set()
    for path in PAGES:
        for form in forms_in(path):
            if "{% once_token %}" not in form:
                continue
            template = relative(path).removeprefix("templates/")
            if action := ACTION.search(form):
                takers = {views()[action.group(1)]}
            else:
                pages = pages_with(template)
                takers = {
                    view
                    for view in views().values()
                    if pages & words_reached(*view)
                    and "require_safe" not in words_of_code(functions_of(view[0])[view[1]].decorator_list)
                }
            assert takers, template
            wrong |= {(template, view) for view in takers if not takes_the_form(view)}
    assert sorted(wrong) == []


def test_every_form_whose_text_is_kept_says_when_it_went_through() -> None:
    """The script deletes a draft when the server names its token."""
    assert [
        relative(path) for path in PAGES for form in forms_in(path) if "data-keep" in form and "once_token" not in form
    ] == []


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_path_of_a_machine_stands_in_the_tree() -> None:
    """Kind: a home folder, a checkout or a temporary folder of one machine in the source."""
    machine = re.compile(r"(?<![\w./-])/(?:home|Users|root|work)/\w")
    own = [
        path
        for path in ROOT.iterdir()
        if path.is_file()
        and path.name != ".git"
        and path.suffix in {".md", ".toml", ".yaml", ""}
        and path.name != "LICENSE"
    ]
    docs = sorted((ROOT / "docs").rglob("*.md"))
    me = Path(__file__)
    found = [
        relative(path)
        for path in (*own, *docs, *CODE, *PAGES, *LETTERS, *OWN_STATIC)
        if path != me and machine.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


WRITTEN_BY_HAND = {
    "Django's plural, where 0 is several": re.compile(r"\|\s*pluralize\b"),
    "a day or an hour that the French module did not write": re.compile(
        r"\|\s*(?:date|time|naturalday|naturaltime|timesince|timeuntil)\b(?!:[\"'](?:c|Y-m-d)[\"'])|{%\s*now\b"
    ),
    "a number, a size or a list that the French module did not write": re.compile(
        r"\|\s*(?:intcomma|filesizeformat|floatformat)\b|\|\s*join:[\"'],\s|\bload[^%]*\bhumanize\b"
    ),
    "a letter of an hour in a style of days": re.compile(r"french_date:[\"'][^\"']*(?:[GHhi]\b|\\\\h)[^\"']*[\"']"),
}


@pytest.mark.parametrize("what", WRITTEN_BY_HAND)
def test_no_page_or_letter_holds(what: str) -> None:
    """One module writes French days, hours, counts, sizes and lists. `c` and `Y-m-d` are for machines."""
    found = [relative(path) for path in (*PAGES, *LETTERS) if WRITTEN_BY_HAND[what].search(path.read_text("utf-8"))]
    assert found == []


WRITTEN_IN_CODE = re.compile(
    r"\b(?:date_format|time_format|strftime|intcomma|filesizeformat)\b|\{[^{}]*:%[dHjA]"
    r"|[\"'](?:s|x|nt)[\"'] (?:if|\*) |\} ?[\"'] et [\"']\.join|[\"'] et [\"']\.join|'1er'"
    r"|\b(?:[Dd]e|[Qq]ue) \{[\w.]*(?:adviser|colleague|person|jobseeker|name|full_name)\b"
    r"|\b\d+ (?:h|Mo)\b(?!.*\"\"\")"
)
BY_MACHINE = {"accompaniment/rules/french.py", "accompaniment/rules/spreadsheets.py"}
"""The second module writes cells that a spreadsheet reads as days and hours."""


def test_no_code_writes_days_hours_or_counts_by_hand() -> None:
    found = [
        f"{relative(path)}:{number}"
        for path in CODE
        if not {"tests", "migrations", "models", "models.py"} & {*path.parts} and relative(path) not in BY_MACHINE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WRITTEN_IN_CODE.search(line)
    ]
    assert found == []


WRITTEN_IN_SCRIPTS = re.compile(r"\bIntl\.|\.toLocale\w*String|\.get(?:UTC)?(?:Hours|Minutes)\(|> 1 \?|=== 1 \?")


def test_no_script_but_one_writes_days_hours_or_counts() -> None:
    """`static/frame/words.js` is tested with the same table of examples as the French module."""
    scripts = [path for path in OWN_STATIC if path.suffix == ".js" and path.name != "words.js"]
    assert len(scripts) > 20
    assert [relative(path) for path in scripts if WRITTEN_IN_SCRIPTS.search(path.read_text(encoding="utf-8"))] == []
