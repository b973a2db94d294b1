"""How a browser learns why its socket was refused, at an address of ours and at one that does not exist."""

from typing import Any

from config.body_limit import Application, Message, Receive, Scope, Send

OWN_CODES = range(4000, 5000)
"""Close codes that applications define."""

NOT_FOUND = 4404


async def no_such_socket(_scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a connection to no address. Without this, each wrong address would leave a traceback in the log."""
    await receive()
    await send({"type": "websocket.close", "code": NOT_FOUND})


class ToldRefusals:
    """Accept a handshake before closing it with one of our codes.

    If the handshake itself is refused, a browser does not learn the code; the page would take it for a lost connection
    and try again for ever. A refusal without such a code, as of another site's page, stays a refused handshake.
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
