"""The wiring floor as an app: it holds the commands that run the whole house."""

import logging

from django.apps import AppConfig

from config.celery import app


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Accompagnement 100 % web"

    def ready(self) -> None:
        """Make the jobs known in every process: a page asks for one by its name, as the worker finds it.

        What Python and libraries warn of goes to the log, a line a warning.
        """
        logging.captureWarnings(capture=True)
        app.autodiscover_tasks(related_name="jobs", force=True)
