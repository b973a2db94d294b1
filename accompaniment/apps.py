"""Django's entry for the app."""

from django.apps import AppConfig


class AccompanimentConfig(AppConfig):
    name = "accompaniment"
