"""« À traiter », the queue on the page of the day: how many lines each need shows."""

from caseload.enums import QueueTab

ROWS_AMONG_OTHERS = 4
"""Lines of one need while all needs are shown, so that a long one hides none of the others."""

ROWS_ALONE = 25
"""Lines of a need on its own tab; a link leads to the rest."""


def tab_in(text: str) -> QueueTab:
    """Return the tab that an address names; all needs where it names none."""
    return QueueTab(text) if text in QueueTab.values else QueueTab.ALL


def rows_of(need: QueueTab, *, asked: str) -> int:
    """Return how many lines a need shows while the tab `asked` is open."""
    return ROWS_ALONE if tab_in(asked) == need else ROWS_AMONG_OTHERS
