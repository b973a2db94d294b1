"""A no-break space stands before `: ; ? ! % »` and after `«`, wherever French is written.

Pages are checked in `tests/test_consistency.py`. Kind: a sign that is left alone at the beginning of a line, in a
letter, or in a sentence from Python or a script.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LETTERS = sorted((ROOT / "templates").rglob("*.txt"))
SCRIPTS = [path for path in sorted((ROOT / "static").rglob("*.js")) if not {"dsfr", "vendor"} & {*path.parts}]
CODE = [
    path
    for app in ("accompaniment", "caseload", "messaging", "visio")
    for path in sorted((ROOT / app).rglob("*.py"))
    if not {"migrations", "management", "models", "models.py", "dashboard.py"} & {*path.parts}
]
"""Names of models, the words of commands and the titles of a table for spreadsheets are not shown on pages."""

ALONE = re.compile(r"(?<=[\w}»\")]) (?:»|[;?!](?=[\s\"']|$)|%(?=[\s.,]|$)|:(?=\s|$))|«[ ](?=\S)")
FRENCH = re.compile(r"[a-zà-ÿ]{3}")
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def strings_of(source: str) -> Iterator[str]:
    """Yield the strings of Python code: no docstrings, and a letter for each value in a formatted string."""
    tree = ast.parse(source)
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents | parts:
            yield node.value


def words_of_script(source: str) -> Iterator[str]:
    """Yield the strings of a script, with a letter for each value."""
    code = re.sub(r"^\s*(?://|\*|/\*).*$", "", source, flags=re.MULTILINE)
    for found in STRING.findall(code):
        yield re.sub(r"\$\{[^}]*\}?", "x", found[1:-1]).replace("\\u00a0", "\u00a0")


def wrong(texts: Iterator[str]) -> list[str]:
    return [text for text in texts if FRENCH.search(text) and ALONE.search(text) and "SELECT" not in text]


def test_no_sign_is_left_alone_in_a_letter() -> None:
    letters = {path.name: re.sub(r"{%.*?%}", "", re.sub(r"{{.*?}}", "x", read(path))) for path in LETTERS}
    assert {name: found for name, letter in letters.items() if (found := wrong(iter(letter.split("\n"))))} == {}


def test_no_sign_is_left_alone_in_code() -> None:
    assert len(CODE) > 200
    assert {str(path): found for path in CODE if (found := wrong(strings_of(read(path))))} == {}


def test_no_sign_is_left_alone_in_a_script() -> None:
    assert len(SCRIPTS) > 20
    assert {str(path): found for path in SCRIPTS if (found := wrong(words_of_script(read(path))))} == {}


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("Pourquoi ?", True),
        ("Pourquoi\u00a0?", False),
        ("le « rythme\u00a0»", True),
        ("100 % web", True),
        ("100\u00a0% web", False),
        ("Jour : mardi", True),
        ("9:30", False),
    ],
)
def test_what_is_wrong_is_found(text: str, fails: bool) -> None:
    """Control: the test above can fail."""
    assert bool(wrong(iter([f"mot {text}"]))) is fails
    assert wrong(strings_of(f"a = f'mot {{b}} {text}'")) == ([f"mot x {text}"] if fails else [])


def test_no_sentence_begins_with_a_capital_after_a_colon() -> None:
    """Kind: « Plan de contact : Un entretien… », because a sentence that can stand alone was put after a colon."""
    capital = re.compile(r":(?:</strong>)? \{\{ [\w.]*(?:sentence|plan) \}\}")
    assert capital.search("Plan de contact&nbsp;:</strong> {{ plan_sentence }}.")
    pages = [*LETTERS, *sorted((ROOT / "templates").rglob("*.html"))]
    found = [f"{path.name}: {part}" for path in pages for part in capital.findall(read(path))]
    assert found == []
