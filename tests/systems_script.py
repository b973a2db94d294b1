"""The parts of pages that the design system's own script runs."""

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

from config.finders import SYSTEM_SCRIPT

UNNEEDED = {
    "btn",  # inside other parts
    "btns-group",  # only of equal size
    "checkbox-group",  # only in the rows of a table
    "fieldset",  # only in a dialog of display settings
    "label",  # only in a field for passwords
    "password",  # a script of our own shows it
    "links-group",  # only in the system's own header
    "tag",  # only if it is pressed or dismissed
}
"""Parts that the script also knows, and that need nothing of it on our pages."""


@cache
def parts() -> set[str]:
    """Return the classes, without « fr- », of all parts that the script runs."""
    script = Path(str(finders.find(SYSTEM_SCRIPT))).read_text(encoding="utf-8")
    return set(re.findall(r"ns\.selector\(\"([a-z-]+)", script))
