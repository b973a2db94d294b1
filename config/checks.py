"""Checks of `manage.py check --deploy --database default`, beside Django's own."""

import os
from collections.abc import Sequence
from pathlib import Path
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
ATTACHMENTS_NOT_SCANNED = "messaging.W001"
ATTACHMENTS_WITHOUT_ROOM = "messaging.E001"


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


@register(deploy=True)
def attachments_have_a_closed_room(**kwargs: Any) -> list[CheckMessage]:
    """Report an error unless attachments can be written where no proxy serves them; warn if nothing scans them."""
    found: list[CheckMessage] = []
    root, served = Path(settings.ATTACHMENTS_ROOT).resolve(), Path(settings.STATIC_ROOT).resolve()
    nearest = next(folder for folder in (root, *root.parents) if folder.exists())
    if root.is_relative_to(served) or served.is_relative_to(root):
        found.append(
            Error(
                f"ATTACHMENTS_ROOT ({root}) and STATIC_ROOT ({served}) lie in each other: a proxy would serve files.",
                hint="Choose a folder of its own, outside whatever the proxy serves.",
                id=ATTACHMENTS_WITHOUT_ROOM,
            )
        )
    elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        found.append(
            Error(
                f"ATTACHMENTS_ROOT ({root}) cannot be written by this account.",
                hint="Create the folder, and give it to the account of web and worker with mode 700.",
                id=ATTACHMENTS_WITHOUT_ROOM,
            )
        )
    if not settings.CLAMD_URL:
        found.append(
            Warning(
                "CLAMD_URL is empty: attachments are not scanned for viruses.",
                hint="Run clamd, and set CLAMD_URL to tcp://host:3310 or unix:///path.",
                id=ATTACHMENTS_NOT_SCANNED,
            )
        )
    return found
