"""What every service that writes an account needs: its file, its invitation, the digest of a link."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import psycopg
from django.db import IntegrityError, transaction

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.services import outbox

ONE_ADDRESS_ONE_PERSON = frozenset(
    {"jobseeker_email_once", "accompaniment_user_email_key", "address_opens_no_other_account"}
)
"""The database constraints that refuse an address that is somebody else's."""


@contextmanager
def refusing_if_taken(sentence: str) -> Iterator[None]:
    """Write an address in a savepoint, and raise DomainError with `sentence` if it is somebody else's.

    A check beforehand gives a clearer answer, but only the database knows of concurrent writes.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name in ONE_ADDRESS_ONE_PERSON:
            raise DomainError(sentence, about="email") from error
        raise


def file_of(user: User) -> Jobseeker | None:
    """Return the file that an account opens, if it is a person's."""
    return Jobseeker.objects.filter(user=user).first() if user.is_jobseeker else None


def invite(user: User, *, key: str) -> bool:
    """Send the link for a first password to the account's address; return whether an e-mail was queued now."""
    return outbox.notify(
        key=key,
        kind=NotificationKind.ACCOUNT_ACTIVATION,
        email=user.email,
        user=user,
        jobseeker=file_of(user),
        context={"first_name": user.first_name},
    )


def digest_of(token: str) -> str:
    """Return the digest of a link's secret, which is all that is stored."""
    return sha256(token.encode()).hexdigest()
