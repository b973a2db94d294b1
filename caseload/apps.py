"""Django's entry for the app. What it adds to the lists of lower floors stands in `config/wiring.py`."""

from django.apps import AppConfig


class CaseloadConfig(AppConfig):
    name = "caseload"
    verbose_name = "Portefeuilles"
