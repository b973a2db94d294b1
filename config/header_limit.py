"""The limit on the address and headers of a request or handshake."""

from typing import Any

from django.conf import settings

TOO_LARGE = 431


class LimitedHeaders:
    """Refuse more bytes of address and headers than `settings.HEADERS_MAXIMUM_BYTES`.

    Our pages bring a few cookies; far larger headers only cost time.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve requests within the limit; answer 431 to others, and close larger handshakes."""
        if scope["type"] == "lifespan" or size_of(scope) <= settings.HEADERS_MAXIMUM_BYTES:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1009})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": TOO_LARGE, "headers": headers})
            await send({"type": "http.response.body", "body": "Cette requête est trop longue.\n".encode()})


def size_of(scope: Any) -> int:
    """Return the bytes of the address and of all headers."""
    head = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    return head + sum(len(name) + len(value) for name, value in scope.get("headers", ()))
