"""Which triggers of the database guard a table: declared with its model, made by migrations.

`check_invariants` looks for every trigger that is declared here, and `restrict_database_role` takes the right to
change them from the tables of `AppendOnly`. django-pgtrigger is not used: each trigger that it makes first asks the
session's setting `pgtrigger.ignore`, so whoever may send SQL could pass every guard. Our triggers are also few, and
migrations that are already released have made them.
"""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

Guards = Mapping[str, str]
"""By name of a trigger: the events on which it acts, in the order INSERT, UPDATE, DELETE, TRUNCATE."""


class Guarded(models.Model):
    """A table with triggers of ours."""

    guards: ClassVar[Guards]

    class Meta:
        abstract = True


class AppendOnly(Guarded):
    """A table of history: its rows are added, and never changed, deleted or emptied."""

    guards: ClassVar[Guards] = {"append_only": "UPDATE OR DELETE", "never_truncated": "TRUNCATE"}

    class Meta:
        abstract = True
