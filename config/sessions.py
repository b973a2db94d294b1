"""Sessions in the database that know when they end, so that a page can warn of it (RGAA 13.1)."""

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session


class SessionStore(db.SessionStore):
    """Django's own store; `ends_at` is the stored end of a session that was loaded, or None."""

    ends_at: datetime | None = None

    def _get_session_from_db(self) -> Session | None:
        return self._noted(super()._get_session_from_db())  # type: ignore[misc]  # private, so not in the stubs

    async def _aget_session_from_db(self) -> Session | None:
        return self._noted(await super()._aget_session_from_db())  # type: ignore[misc]

    def _noted(self, session: Session | None) -> Session | None:
        self.ends_at = session.expire_date if session else None
        return session
