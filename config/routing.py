"""The sockets of every app."""

from messaging.routing import websocket_urlpatterns as messaging_sockets
from visio.routing import websocket_urlpatterns as visio_sockets

websocket_urlpatterns = [*messaging_sockets, *visio_sockets]
