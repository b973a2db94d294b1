"""What the panels of « À traiter » show: the first lines of a need, and how many there are."""

from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def first_rows(found: QuerySet[Row], *, limit: int) -> tuple[list[Row], int]:
    """Return the first rows and the count of all: one statement, and a second one only where some are left out."""
    shown = list(found[: limit + 1])
    return shown[:limit], len(shown) if len(shown) <= limit else found.count()
