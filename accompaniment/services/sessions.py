"""Whether a session still belongs to its account, and the announcement that it may not.

Django checks this with each request of a page. A socket that stays open for hours checks it here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accompaniment.hooks.session_ends import on_sessions_end
from accompaniment.models import User


@dataclass(frozen=True, kw_only=True)
class Held:
    """A session, and the account for which it has opened something."""

    session_key: str
    user_pk: int


def still_belonging(*, held: Collection[Held]) -> frozenset[Held]:
    """Return those of `held` whose session still opens its account, with two queries in total.

    The session is stored and not expired, it was opened for this account with its present password, and the account is
    open.
    """
    keys = {one.session_key for one in held}
    sessions = {
        session.session_key: session.get_decoded()
        for session in Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    }
    accounts = (
        User.objects.filter(pk__in={one.user_pk for one in held}, is_active=True).only("email", "password").in_bulk()
    )
    return frozenset(
        one
        for one in held
        if one.session_key in sessions
        and one.user_pk in accounts
        and _opens(sessions[one.session_key], accounts[one.user_pk])
    )


def _opens(session: dict[str, Any], user: User) -> bool:
    """Return whether the session was opened for the account with its present password, as Django does for a request."""
    stored = str(session.get(HASH_SESSION_KEY, ""))
    present = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return session.get(SESSION_KEY) == str(user.pk) and any(constant_time_compare(stored, one) for one in present)


def announce_end(*, user_pk: int) -> None:
    """Announce, after the commit, that sessions of this account have ended."""
    transaction.on_commit(partial(_tell, user_pk))


def _tell(user_pk: int) -> None:
    for follow in on_sessions_end:
        follow(user_pk)
