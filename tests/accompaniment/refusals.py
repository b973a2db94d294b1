"""Expects a refusal by the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, transaction


@contextmanager
def refused(by: str) -> Iterator[None]:
    """Expect the database to refuse, by the constraint or guard of this name."""
    with pytest.raises(IntegrityError, match=by), transaction.atomic():
        yield
