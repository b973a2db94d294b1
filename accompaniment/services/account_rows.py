"""What every service that writes an account needs: its row locked, its file, its invitation, the digest of a link."""

from hashlib import sha256

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, User
from accompaniment.services import outbox


def lock_account(pk: int) -> User:
    """Lock an account; a person's file is locked before it."""
    return User.objects.select_for_update(of=("self",)).get(pk=pk)


def file_of(user: User) -> Jobseeker | None:
    """Return the file that an account opens, if it is a person's."""
    return Jobseeker.objects.filter(user=user).first() if user.is_jobseeker else None


def invite(user: User, *, key: str) -> bool:
    """Send the link that gives an account its first password to the account's address; tell whether it leaves now."""
    return outbox.notify(
        key=key,
        kind=NotificationKind.ACCOUNT_ACTIVATION,
        email=user.email,
        user=user,
        jobseeker=file_of(user),
        context={"first_name": user.first_name},
    )


def digest_of(token: str) -> str:
    """Return what is kept of a link's secret."""
    return sha256(token.encode()).hexdigest()
