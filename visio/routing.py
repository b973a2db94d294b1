"""Sockets of the app."""

from django.urls import URLPattern, path

from visio.consumers import RoomConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/visio/<str:token>/", RoomConsumer.as_asgi())]
