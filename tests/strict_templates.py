"""An undefined variable in one of our templates fails the test that renders it.

Django shows nothing for `{{ x }}` and takes the other branch of `{% if x %}` when nobody gave `x`: a page can be
wrong for months. Here both fail, in templates under `templates/` only: those of other packages are not ours to
judge. Somewhere between a template and the test an exception may be swallowed (a comparison in `{% if %}`, a
server's thread), so each is written down too, and the test fails at its end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.base import FilterExpression, Parser, Variable, VariableDoesNotExist

undefined_variables: list[str] = []
"""What the running test has met so far."""


class UndefinedVariableError(AssertionError):
    """One of our templates uses what its context does not hold."""


class StrictVariable(Variable):
    """A variable that must be there; `place` is the template that uses it."""

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
    """Compile every template of the run with variables that must be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parser, "compile_filter", _compile_filter)
        yield


@pytest.fixture(autouse=True)
def strict_templates() -> Iterator[list[str]]:
    """Fail the test that met an undefined variable; a test that means to meet one clears the list."""
    undefined_variables.clear()
    yield undefined_variables
    assert not undefined_variables
