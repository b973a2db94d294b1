"""What answers at a websocket address that nobody serves."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]

NOT_FOUND = 4404


async def no_such_socket(
    _scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Refuse the connection, as a page that does not exist; without it each wrong address is a traceback in the log."""
    await receive()
    await send({"type": "websocket.close", "code": NOT_FOUND})
