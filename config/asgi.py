"""The ASGI entry: pages over HTTP, conversations and rooms over websockets."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("SERVES_PAGES", "yes")

http = get_asgi_application()

from config.body_limit import LimitedBodies  # noqa: E402
from config.door import Door  # noqa: E402
from config.header_limit import LimitedHeaders  # noqa: E402
from config.no_such_socket import no_such_socket  # noqa: E402
from config.origin import SameOrigin  # noqa: E402
from config.routing import websocket_urlpatterns  # noqa: E402  (models need the apps loaded)
from config.told_refusals import ToldRefusals  # noqa: E402
from messaging.consumers.sessions import KnownAccount  # noqa: E402

# An ASGI application stands where a view would.
sockets = URLRouter([*websocket_urlpatterns, re_path("", no_such_socket)])  # type: ignore[arg-type]

application = LimitedHeaders(
    Door(
        ProtocolTypeRouter(
            {
                "http": LimitedBodies(http),
                "websocket": SameOrigin(ToldRefusals(CookieMiddleware(SessionMiddleware(KnownAccount(sockets))))),
            }
        )
    )
)
