"""Who wants to know at once that sessions of an account may be over: the open sockets.

`services.sessions.announce_end` calls each function here once the act is committed. Upper apps add theirs in
`config/wiring.py`. What is told may be lost; whoever serves a socket also looks by the clock and before each frame.
"""

from collections.abc import Callable

on_sessions_end: list[Callable[[int], None]] = []
"""Called with the number of the account. It says that something ended, not what: each session is looked up again."""
