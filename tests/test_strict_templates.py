"""The tests' own guard: an undefined variable in one of our templates is never overlooked."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Engine, Origin, Template

from tests.strict_templates import UndefinedVariableError


def _template(source: str, folder: Path) -> Template:
    return Template(source, origin=Origin(str(folder / "a.html")), engine=Engine(string_if_invalid=""))


OURS = settings.BASE_DIR / "templates"


@pytest.mark.parametrize(
    "source",
    ["{{ x }}", "{{ x|default:'' }}", "{% if x %}{% endif %}", "{% for y in x %}{% endfor %}", "{{ known.x }}"],
)
def test_undefined_variable_fails_in_our_template(source: str, strict_templates: list[str]) -> None:
    with pytest.raises(UndefinedVariableError):
        _template(source, OURS).render(Context({"known": {}}))
    assert len(strict_templates) == 1
    strict_templates.clear()


def test_undefined_variable_in_a_comparison_is_written_down(strict_templates: list[str]) -> None:
    _template("{% if x == 1 %}{% endif %}", OURS).render(Context())
    assert len(strict_templates) == 1
    strict_templates.clear()


def test_defined_variable_passes_in_our_template() -> None:
    assert _template("{{ x }}{% if y %}{% endif %}", OURS).render(Context({"x": "seen", "y": None})) == "seen"


def test_undefined_variable_passes_in_a_template_of_another_package() -> None:
    assert not _template("{{ x }}", settings.BASE_DIR / "elsewhere").render(Context())
