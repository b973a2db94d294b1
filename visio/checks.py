"""What `manage.py check --deploy --database default` looks at in the data."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from accompaniment.models import User
from visio.demonstration.logins import DOMAIN

DEMONSTRATION_ACCOUNTS = "visio.E001"
NO_TABLES = "visio.E002"


@register(Tags.database, deploy=True)
def no_account_of_the_demonstration(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Find accounts of the demonstration, whose password is printed in the source, where real people are."""
    if settings.DEMONSTRATION or not databases or "default" not in databases:
        return []
    if "django_migrations" not in connection.introspection.table_names():
        return [Error("The database has no tables.", hint="Run `manage.py migrate` as the owner.", id=NO_TABLES)]
    found = User.objects.filter(email__iendswith=f"@{DOMAIN}").count()
    if not found:
        return []
    sentence = f"The database holds {found} account{'' if found == 1 else 's'} of the demonstration (@{DOMAIN})."
    hint = "Everybody can read their password. Begin with an empty database; seed_demo belongs into none of yours."
    return [Error(sentence, hint=hint, id=DEMONSTRATION_ACCOUNTS)]
