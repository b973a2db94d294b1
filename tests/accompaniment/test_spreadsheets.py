"""One module writes every spreadsheet file. The files are harmless, and reading them back changes nothing."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.rules.spreadsheets import as_meant, harmless

APPS = ("accompaniment", "caseload", "messaging", "visio", "config")


@given(st.text() | st.text("'=+-@\t\r\n ＝＋－＠﹣−x", max_size=5))
def test_what_is_made_harmless_is_read_back_to_the_letter(cell: str) -> None:
    assert as_meant(harmless(cell)) == cell
    assert harmless(cell).lstrip()[:1] not in {*"=+-@＝＋－＠﹣−"}
    assert harmless(cell)[:1] not in {"\t", "\r", "\n"}


@pytest.mark.parametrize("cell", ["", "Aubrac", "1-2", "a=b", "l'=", "'s-Gravenhage", "12", "é@x", " ", "'"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell
    assert as_meant(cell) == cell


def test_no_other_module_writes_a_table_of_its_own() -> None:
    """Kind: a CSV file written without `SheetWriter`, which makes its cells harmless."""
    writers = set()
    for app in APPS:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            if "csv" in imports and named & {"writer", "DictWriter"}:
                writers.add(path.name)
    assert writers == {"spreadsheets.py"}
