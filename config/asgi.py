"""The ASGI entry: pages over HTTP, conversations and rooms over websockets."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("SERVES_PAGES", "yes")

http = get_asgi_application()

from config.body_limit import LimitedBodies  # noqa: E402
from config.door import Door  # noqa: E402
from config.header_limit import LimitedHeaders  # noqa: E402
from config.memory import look_rarely  # noqa: E402
from config.origin import SameOrigin  # noqa: E402
from config.refused_sockets import ToldRefusals, no_such_socket  # noqa: E402
from config.routing import websocket_urlpatterns  # noqa: E402  (models need the apps loaded)
from config.turnstile import Turnstile  # noqa: E402
from messaging.consumers.sessions import KnownAccount  # noqa: E402

# This is an ASGI application in the place of a view.
sockets = URLRouter([*websocket_urlpatterns, re_path("", no_such_socket)])  # type: ignore[arg-type]


def authenticated(served: Any) -> Any:
    """Let a socket in from our own pages only, with its session and account."""
    return SameOrigin(ToldRefusals(Turnstile(KnownAccount(served))))


application = LimitedHeaders(
    Door(ProtocolTypeRouter({"http": LimitedBodies(http), "websocket": authenticated(sockets)}))
)
look_rarely()
