"""Indexes of columns that are mostly empty."""

from django.db import models
from django.db.models import Q


def where_given(field: str, *, name: str) -> models.Index:
    """Return an index of the rows in which a key is given: it answers `field = …` as a full one does.

    A load writes a hundred thousand rows of which the key is empty; in a full index each would cost an entry.
    """
    return models.Index(fields=(field,), condition=Q(**{f"{field}__isnull": False}), name=name)
