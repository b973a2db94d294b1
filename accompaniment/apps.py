"""Django's entry for the app."""

from django.apps import AppConfig

from accompaniment import invariants


class AccompanimentConfig(AppConfig):
    name = "accompaniment"
    verbose_name = "Accompagnement"

    def ready(self) -> None:
        invariants.checks.extend(invariants.GROUND_CHECKS)
