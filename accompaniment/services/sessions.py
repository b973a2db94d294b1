"""Whether a session still belongs to its account, and the announcement that it may not.

Django checks this with each request of a page. A socket that stays open for hours checks it here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accompaniment.hooks.session_ends import on_sessions_end
from accompaniment.models import User
from accompaniment.models.statements import Statement, each, in_one_trip, instant
from accompaniment.rules.parsing import number_in


@dataclass(frozen=True, kw_only=True)
class Held:
    """A session, and the account for which it has opened something."""

    session_key: str
    user_pk: int


_NEEDED = {"id", "role", "first_name", "last_name", "is_active", "email", "password"}
_OF_AN_ACCOUNT = [field.attname for field in User._meta.concrete_fields if field.attname in _NEEDED]

SESSIONS = Statement(
    lambda: Session.objects.filter(session_key__in=each("keys", "text"), expire_date__gt=instant("now")).values_list(
        "session_key", "session_data"
    )
)
ACCOUNTS = Statement(lambda: User.objects.filter(pk__in=each("accounts")).order_by().values_list(*_OF_AN_ACCOUNT))


class LookedUp:
    """Sessions and accounts as they are now; sent with other statements of one trip, and read after it."""

    def __init__(self, *, held: Collection[Held], accounts: Collection[int] = ()) -> None:
        self._held = held
        keys = {one.session_key for one in held}
        self._sessions = SESSIONS.send(keys=list(keys), now=timezone.now()) if keys else None
        self._accounts = ACCOUNTS.send(accounts=list({one.user_pk for one in held}.union(accounts)))

    @cached_property
    def accounts(self) -> dict[int, User]:
        """The accounts by their key, closed ones too, with what shows and opens them."""
        return {row[0]: User.from_db("default", _OF_AN_ACCOUNT, row) for row in self._accounts}

    @cached_property
    def belonging(self) -> frozenset[Held]:
        """Those of `held` whose session still opens its account.

        The session is stored and not expired, it was opened for this account with its present password, and the
        account is open.
        """
        sessions = dict(self._sessions) if self._sessions is not None else {}
        return frozenset(
            one
            for one in self._held
            if one.session_key in sessions
            and (user := self.accounts.get(one.user_pk)) is not None
            and user.is_active
            and _opens(sessions[one.session_key], user.pk, user.email, user.password)
        )


def still_belonging(*, held: Collection[Held]) -> frozenset[Held]:
    """Return those of `held` whose session still opens its account, with two queries in total."""
    with in_one_trip():
        found = LookedUp(held=held)
    return found.belonging


def whose(*, keys: Collection[str]) -> dict[str, User]:
    """Return the account that each session opens, with two queries in total; a session that opens none is left out."""
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {session.session_key: session for session in stored}
    claimed = {key: str(session.get_decoded().get(SESSION_KEY, "")) for key, session in sessions.items()}
    accounts = User.objects.filter(is_active=True).in_bulk([pk for text in claimed.values() if (pk := number_in(text))])
    return {
        key: user
        for key, text in claimed.items()
        if (user := accounts.get(number_in(text) or 0)) is not None
        and _opens(sessions[key].session_data, user.pk, user.email, user.password)
    }


@lru_cache(maxsize=20_000)
def _opens(session_data: str, user_pk: int, email: str, password: str) -> bool:
    """Return whether a stored session was opened for the account with its present password, as Django decides it.

    Its signatures cost more than the queries. They say the same as long as the stored rows do.
    """
    user = User(pk=user_pk, email=email, password=password)
    session = Session(session_data=session_data).get_decoded()
    stored = str(session.get(HASH_SESSION_KEY, ""))
    present = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return session.get(SESSION_KEY) == str(user_pk) and any(constant_time_compare(stored, one) for one in present)


def announce_end(*, user_pk: int) -> None:
    """Announce, after the commit, that sessions of this account have ended."""
    transaction.on_commit(partial(_tell, user_pk))


def _tell(user_pk: int) -> None:
    for follow in on_sessions_end:
        follow(user_pk)
