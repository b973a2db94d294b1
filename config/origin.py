"""Accept sockets from our own pages only."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host

Application = Any

DEFAULT_PORTS = {"http": 80, "https": 443}


class SameOrigin:
    """Accept a handshake only if its origin is its own target: scheme, host and port.

    Browsers always send the origin, and they send cookies whichever page opens a socket. The host is one of
    ALLOWED_HOSTS.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Serve the socket, or deny it before the session is read."""
        inner = self.application if is_same_origin(scope) else WebsocketDenier()
        return await inner(scope, receive, send)


def is_same_origin(scope: Any) -> bool:
    """Tell whether the handshake has exactly one Origin, equal to the address that it was sent to."""
    origins = [value for name, value in scope.get("headers", ()) if name == b"origin"]
    hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme = "https" if scope.get("scheme") in {"wss", "https"} else "http"
    asked = _origin(f"{scheme}://{hosts[0].decode('latin-1')}")
    return asked is not None and _origin(origins[0].decode("latin-1")) == asked and _is_ours(asked[1])


def _origin(text: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port, or None if the text is no origin."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme]


def _is_ours(host: str) -> bool:
    return validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS)
