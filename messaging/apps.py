"""Django's entry for the app."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
