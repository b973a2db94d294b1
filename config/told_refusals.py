"""Lets a browser read why a socket was refused."""

from typing import Any

from config.body_limit import Application, Message, Receive, Scope, Send

OWN_CODES = range(4000, 5000)
"""Close codes that an application gives a meaning to."""


class ToldRefusals:
    """Accept a handshake before closing it with a code of ours.

    A browser hears of no code where the handshake itself is refused: its page would take that for a cut, and try
    again for ever. What is refused without such a code, as another site's page is, stays refused in the handshake.
    """

    def __init__(self, application: Any) -> None:
        self.application: Application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = False

        async def tell(message: Message) -> None:
            nonlocal accepted
            refused = not accepted and message["type"] == "websocket.close" and message.get("code") in OWN_CODES
            accepted = accepted or message["type"] == "websocket.accept"
            if refused:
                await send({"type": "websocket.accept"})
            await send(message)

        await self.application(scope, receive, tell)
