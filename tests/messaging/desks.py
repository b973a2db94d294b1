"""Opens pages of the day over websockets, as browsers do."""

import json
from typing import Any

from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from accompaniment.models import User
from config.routing import websocket_urlpatterns
from tests.messaging.sockets import PATIENCE
from tests.sessions import Socket


class Desk(Socket):
    """One open page of the day."""

    def __init__(self, user: User | None) -> None:
        super().__init__(
            URLRouter(websocket_urlpatterns),
            {
                "type": "websocket",
                "path": "/ws/bureau/",
                "raw_path": b"/ws/bureau/",
                "query_string": b"",
                "headers": [],
                "subprotocols": [],
                "user": user or AnonymousUser(),
            },
        )

    async def connect(self) -> int | None:
        """Connect; return None if the socket is accepted, otherwise its close code."""
        await self.send_input({"type": "websocket.connect"})
        event = await self.receive_output(PATIENCE)
        code: int | None = None if event["type"] == "websocket.accept" else event["code"]
        return code

    async def panels(self) -> set[str]:
        """Return the panels that the next frame names."""
        event = await self.receive_output(PATIENCE)
        frame: dict[str, Any] = json.loads(event["text"])
        assert frame.keys() == {"type", "panels"}
        return set(frame["panels"])

    async def hears_nothing(self) -> bool:
        silent: bool = await self.receive_nothing(timeout=0.2, interval=0.02)
        return silent

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(PATIENCE)


async def opened(user: User) -> Desk:
    desk = Desk(user)
    assert await desk.connect() is None
    return desk
