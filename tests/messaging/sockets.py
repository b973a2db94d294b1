"""Opens conversations over websockets, as browsers do."""

import json
from typing import Any
from uuid import uuid4

from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from accompaniment.models import User
from config.routing import websocket_urlpatterns
from messaging.models import Conversation
from tests.sessions import Socket

PATIENCE = 15.0
"""Seconds that a test waits for a frame before it fails."""


class Screen(Socket):
    """One open page on a conversation."""

    def __init__(self, conversation_id: int, user: User | None) -> None:
        path = f"/ws/messagerie/{conversation_id}/"
        super().__init__(
            URLRouter(websocket_urlpatterns),
            {
                "type": "websocket",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "headers": [],
                "subprotocols": [],
                "user": user or AnonymousUser(),
            },
        )
        self.passed_over: list[dict[str, Any]] = []
        self.other_is_present = False

    async def connect(self) -> int | None:
        """Connect; return None if the socket is accepted, otherwise its close code."""
        await self.send_input({"type": "websocket.connect"})
        event = await self.receive_output(PATIENCE)
        if event["type"] == "websocket.accept":
            return None
        code: int = event["code"]
        return code

    async def disconnect(self) -> None:
        """Leave, as a browser does that closes the page."""
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(PATIENCE)

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hears_nothing(self) -> bool:
        """Return whether the server stays silent."""
        silent: bool = await self.receive_nothing(timeout=0.2, interval=0.02)
        return silent

    async def ask(self, **frame: Any) -> None:
        await self.send_text(json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        """Return the next frame."""
        event = await self.receive_output(PATIENCE)
        assert event["type"] == "websocket.send", event
        frame: dict[str, Any] = json.loads(event["text"])
        return frame

    async def hear_kind(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a kind; earlier frames are kept for later."""
        for frame in self.passed_over:
            if frame["type"] == kind:
                self.passed_over.remove(frame)
                return frame
        while (frame := await self.hear())["type"] != kind:
            self.passed_over.append(frame)
        return frame

    async def say(self, body: str, client_id: str | None = None) -> int:
        """Send a message and return its number from the server."""
        await self.ask(type="send", client_id=client_id or str(uuid4()), body=body)
        number: int = (await self.hear_kind("ack"))["number"]
        return number

    async def bodies(self, count: int) -> list[str]:
        """Return the texts of the next `count` messages that are shown."""
        shown: list[str] = []
        while len(shown) < count:
            shown += [item["body"] for item in (await self.hear_kind("messages"))["items"]]
        return shown

    async def close_code(self) -> int:
        """Return the code with which the server closes; frames may come before it."""
        while True:
            event = await self.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                code: int = event["code"]
                return code


async def open_screen(conversation: Conversation, user: User, *, after: int = 0) -> Screen:
    """Return a connected page that has everything up to `after` and receives what follows."""
    screen = Screen(conversation.pk, user)
    assert await screen.connect() is None
    await screen.ask(type="sync", after=after)
    await screen.hear_kind("messages")
    screen.other_is_present = (await screen.hear_kind("presence"))["present"]
    return screen


async def refused_at_the_door(conversation_id: int, user: User | None) -> int | None:
    """Return the code with which a connection is refused, or None if it is accepted."""
    screen = Screen(conversation_id, user)
    code = await screen.connect()
    if code is None:
        await screen.disconnect()
    return code
