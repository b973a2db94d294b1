"""An undefined variable in one of our templates fails the test that renders it.

Django shows nothing for `{{ x }}` and takes the other branch of `{% if x %}` if nobody gave `x`, so a page can be wrong
for months. Here both fail, but only in templates under `templates/`, not in those of other packages. An exception may
be swallowed between the template and the test (by a comparison in `{% if %}` or a server's thread). So each one is also
recorded, and the test fails at its end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.base import FilterExpression, Parser, Variable, VariableDoesNotExist

undefined_variables: list[str] = []
"""The undefined variables in the running test so far."""


class UndefinedVariableError(AssertionError):
    """One of our templates uses a variable that its context lacks."""


class StrictVariable(Variable):
    """A variable that must exist; `place` is the template that uses it."""

    __slots__ = ("place",)

    def __init__(self, var: str, place: str) -> None:
        super().__init__(var)
        self.place = place

    def resolve(self, context: Any) -> Any:
        try:
            return super().resolve(context)
        except VariableDoesNotExist as missing:
            sentence = f"{self.place}: “{self.var}” is undefined"
            undefined_variables.append(sentence)
            raise UndefinedVariableError(sentence) from missing


def _compile_filter(parser: Parser, token: str) -> FilterExpression:
    expression = FilterExpression(token, parser)
    if expression.is_var and _is_ours(parser):
        expression.var = StrictVariable(expression.var.var, parser.origin.name)
    return expression


def _is_ours(parser: Parser) -> bool:
    return parser.origin is not None and Path(parser.origin.name).is_relative_to(settings.BASE_DIR / "templates")


@pytest.fixture(scope="session", autouse=True)
def _templates_are_strict() -> Iterator[None]:
    """Compile all templates of the run with variables that must exist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parser, "compile_filter", _compile_filter)
        yield


@pytest.fixture(autouse=True)
def strict_templates() -> Iterator[list[str]]:
    """Fail a test that used an undefined variable. A test that does so on purpose clears the list."""
    undefined_variables.clear()
    yield undefined_variables
    assert not undefined_variables
