"""Django's entry for the app."""

from django.apps import AppConfig


class VisioConfig(AppConfig):
    name = "visio"
