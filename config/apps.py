"""The wiring floor as an app: it holds the commands that run the whole house."""

import logging
from importlib import import_module

from django.apps import AppConfig

from config.celery import app


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Accompagnement 100 % web"

    def ready(self) -> None:
        """Fill the lists of the floors, and make the checks and the jobs known in every process.

        A page asks for a job by its name, as the worker finds it. What Python and libraries warn of goes to the log,
        a line a warning.
        """
        logging.captureWarnings(capture=True)
        # Both read the models, which Django has loaded only now.
        import_module("config.checks")
        import_module("config.wiring").fill_hooks()
        app.autodiscover_tasks(related_name="jobs", force=True)
