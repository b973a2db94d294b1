"""The wiring floor as an app: it holds the commands that run the whole house."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Accompagnement 100 % web"
