"""The database triggers that guard tables: declared with the models, made by migrations.

`check_invariants` looks for every trigger declared here. `restrict_database_role` takes away the right to change tables
of `AppendOnly`. django-pgtrigger is not used: each of its triggers first reads the session setting `pgtrigger.ignore`,
so anybody who can send SQL could pass every guard. Our triggers are also few, and released migrations have already made
them.
"""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

Guards = Mapping[str, str]
"""By name of the trigger: its events, in the order INSERT, UPDATE, DELETE, TRUNCATE."""


class Guarded(models.Model):
    """A table with triggers of ours."""

    guards: ClassVar[Guards]

    class Meta:
        abstract = True


class AppendOnly(Guarded):
    """A table of history: rows are added, and never changed, deleted or truncated."""

    guards: ClassVar[Guards] = {"append_only": "UPDATE OR DELETE", "never_truncated": "TRUNCATE"}

    class Meta:
        abstract = True
