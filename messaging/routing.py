"""Sockets of the app."""

from django.urls import URLPattern, path

from messaging.consumers.pages import ConversationConsumer, DeskConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/messagerie/<int:pk>/", ConversationConsumer.as_asgi(), name="conversation_socket"),
    path("ws/bureau/", DeskConsumer.as_asgi(), name="desk_socket"),
]
