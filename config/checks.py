"""Checks of `manage.py check --deploy --database default`, beside Django's own."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own name)
from django.db import connection

from accompaniment.models import User
from accompaniment.rules import legal_words, operator
from accompaniment.services.database_roles import weaknesses
from config.demonstration.logins import DOMAIN

ROLE_IS_TOO_STRONG = "accompaniment.W001"
LEGAL_WORDS_NOT_VALIDATED = "accompaniment.W010"
NO_MEDIATOR = "accompaniment.W011"
OPERATOR_UNKNOWN = "accompaniment.E012"
DEMONSTRATION_ACCOUNTS = "visio.E001"
NO_TABLES = "visio.E002"


@register(Tags.database, deploy=True)
def history_is_out_of_reach(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if the database role of this connection could change the tables of history."""
    if not databases or "default" not in databases:
        return []
    hint = "Connect with a role of its own and run `manage.py restrict_database_role ROLE` as the owner."
    return [Warning(sentence, hint=hint, id=ROLE_IS_TOO_STRONG) for sentence in weaknesses()]


@register(deploy=True)
def law_is_said_as_validated(**kwargs: Any) -> list[CheckMessage]:
    """Warn while the legal sentences are not validated, or name no mediator."""
    found: list[CheckMessage] = []
    if not legal_words.are_validated():
        found.append(
            Warning(
                "The legal department has not validated accompaniment/rules/legal_words.py as it stands.",
                hint="Have it read, then set LEGAL_WORDS_VALIDATED_ON to the day (YYYY-MM-DD).",
                id=LEGAL_WORDS_NOT_VALIDATED,
            )
        )
    if not settings.MEDIATOR_URL:
        found.append(
            Warning(
                "MEDIATOR_URL is empty: refusals and absences name a mediator without saying where.",
                hint="Set MEDIATOR_NAME and MEDIATOR_URL.",
                id=NO_MEDIATOR,
            )
        )
    return found


@register(deploy=True)
def operator_is_named(**kwargs: Any) -> list[CheckMessage]:
    """Report an error for each fact about the operator that the pages need and the settings lack."""
    return [
        Error(
            f"{name} is empty: the legal notice, the page on personal data or the one on accessibility lacks it.",
            hint="Set it in the environment; docs/operations.md says what it means.",
            id=OPERATOR_UNKNOWN,
        )
        for name in operator.missing()
    ]


@register(Tags.database, deploy=True)
def no_account_of_the_demonstration(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Report an error for accounts of the demonstration, whose password is in the source code."""
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
