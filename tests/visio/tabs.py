"""Opens rooms over websockets, as browsers do."""

import json
import uuid

from channels.routing import URLRouter

from tests.sessions import Socket
from visio.routing import websocket_urlpatterns

PATIENCE = 15.0
"""Seconds that a test waits for a message before it fails."""


CALL = str(uuid.uuid4())


class Tab(Socket):
    """One tab of one person, which sends and receives what a browser would."""

    def __init__(self, user, interview):
        path = f"/ws/visio/{interview.token}/"
        super().__init__(
            URLRouter(websocket_urlpatterns),
            {
                "type": "websocket",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "headers": [],
                "subprotocols": [],
                "user": user,
            },
        )
        self.id = str(uuid.uuid4())
        self.has_left = False

    async def open(self):
        await self.send_input({"type": "websocket.connect"})
        event = await self.receive_output(PATIENCE)
        return event["type"] == "websocket.accept"

    async def join(self):
        assert await self.open()
        await self.say(type="join", tab=self.id)
        return await self.hear("joined")

    async def say(self, **message):
        await self.send_text(json.dumps(message))

    async def send_text(self, text):
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, kind):
        """Return the next message, which must be of this kind."""
        event = await self.receive_output(PATIENCE)
        assert event["type"] == "websocket.send", event
        message = json.loads(event["text"])
        assert message["type"] == kind, message
        return message

    async def hears_nothing(self):
        return await self.receive_nothing(timeout=0.2, interval=0.02)

    async def closed(self):
        """Return the code with which the server closes; messages may come before it."""
        while True:
            event = await self.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                await self.leave()
                return event["code"]

    async def leave(self):
        """Close the tab, once. A server whose application closes does the same."""
        if self.has_left:
            return
        self.has_left = True
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(PATIENCE)


async def meet(person, adviser):
    """Let both join, until each knows of the other."""
    await person.join()
    await adviser.join()
    assert (await person.hear("peer"))["tab"] == adviser.id
    assert (await adviser.hear("peer"))["tab"] == person.id


async def let_in(person, adviser):
    await meet(person, adviser)
    await adviser.say(type="admit")
    for tab in (person, adviser):
        await tab.hear("admitted")
