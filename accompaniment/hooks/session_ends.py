"""Functions that are called when sessions of an account may have ended, for open sockets, or its password.

`services.sessions.announce_end` calls each of them after the commit. `config/wiring.py` fills the list. A call may be
lost, so sockets also check their session at intervals and before each frame.
"""

from collections.abc import Callable

on_sessions_end: list[Callable[[int], None]] = []
"""Called with the account's primary key. The call does not say which session ended: each one is checked."""

on_password_ends: list[Callable[[int], None]] = []
"""Called with the account's primary key, in the transaction that changes or takes away its password.

Whatever else opens something of the account without a log-in ends with it."""
