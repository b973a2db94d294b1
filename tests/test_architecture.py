"""`docs/architecture.md` tells what the code does."""

import re
from pathlib import Path

from django.apps import apps
from django.conf import settings

from accompaniment.models.guards import AppendOnly

PAGE = (Path(settings.BASE_DIR) / "docs/architecture.md").read_text()


def test_the_tables_of_history_are_those_of_the_code() -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| history is only added "))
    told, _, _ = row.removeprefix("| ").partition(" | ")
    assert set(re.findall(r"`(\w+)`", told)) == {
        model.__name__ for model in apps.get_models() if issubclass(model, AppendOnly)
    }
