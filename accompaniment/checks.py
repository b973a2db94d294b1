"""What `manage.py check --deploy --database default` looks at beside Django's own checks."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004  (Django's own name)

from accompaniment.services.database_roles import weaknesses

ROLE_IS_TOO_STRONG = "accompaniment.W001"


@register(Tags.database, deploy=True)
def history_is_out_of_reach(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the role of this connection could change the tables of history."""
    if not databases or "default" not in databases:
        return []
    hint = "Connect with a role of its own and run `manage.py restrict_database_role ROLE` as the owner."
    return [Warning(sentence, hint=hint, id=ROLE_IS_TOO_STRONG) for sentence in weaknesses()]
