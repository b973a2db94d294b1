"""Django's entry for the app."""

from django.apps import AppConfig

from accompaniment import invariants


class AccompanimentConfig(AppConfig):
    name = "accompaniment"
    verbose_name = "Accompagnement"

    def ready(self) -> None:
        # Checks read the services, and these the models, which can be imported only now.
        from accompaniment import checks  # noqa: F401, PLC0415

        invariants.checks.extend(invariants.GROUND_CHECKS)
