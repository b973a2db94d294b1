"""Django's entry for the app."""

from django.apps import AppConfig


class CaseloadConfig(AppConfig):
    name = "caseload"
