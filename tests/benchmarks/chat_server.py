"""`python -m tests.benchmarks.chat_server DESCRIPTOR`: one server process of the chat benchmarks.

It serves the whole application as a deployment does, and at `/bare/…` the least that a chat can be: a consumer that
only sends what it hears to a group of the channel layer. Both sides pass the same server, the same check of the origin
and the same session.
"""

import contextlib
import json
import os
import socket
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")

import psycopg
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.urls import path

from config.asgi import application, authenticated
from messaging.consumers.pages import ConversationConsumer
from tests.benchmarks.chat_rig import STATEMENTS

# The limit of one person's frames is for people; this client is fifty of them.
ConversationConsumer.burst = 1_000_000


class BareConsumer(AsyncWebsocketConsumer):
    """Sends each frame to everybody in the conversation's group, and stores nothing."""

    async def connect(self) -> None:
        self.group = f"bare.{self.scope['url_route']['kwargs']['pk']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data or "{}")
        await self.channel_layer.group_send(self.group, {"type": "chat.message", "frame": frame})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event["frame"]))


bare = authenticated(URLRouter([path("bare/<int:pk>/", BareConsumer.as_asgi())]))


sent = 0


def counted(execute: Any) -> Any:
    """Count the statements that the process sends to PostgreSQL."""

    def execute_and_count(*args: Any, **kwargs: Any) -> Any:
        global sent  # noqa: PLW0603
        sent += 1
        return execute(*args, **kwargs)

    return execute_and_count


psycopg.Cursor.execute = counted(psycopg.Cursor.execute)  # type: ignore[method-assign]


async def both(scope: Any, receive: Any, send: Any) -> None:
    """Serve both sides, and say how many statements were sent."""
    if scope["path"] == STATEMENTS:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(sent).encode()})
        return
    is_bare = scope["type"] == "websocket" and scope["path"].startswith("/bare/")
    await (bare if is_bare else application)(scope, receive, send)


def main() -> None:
    """Serve until the process is stopped."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = uvicorn.Server(
        uvicorn.Config(
            both, access_log=False, log_level="warning", lifespan="off", ws="config.handshakes:AnsweredHandshakes"
        )
    )
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
