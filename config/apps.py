"""The wiring floor as an app. It holds the commands that concern the whole service."""

import logging
from importlib import import_module

from django.apps import AppConfig

from config.celery import app


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Accompagnement 100\u00a0% web"

    def ready(self) -> None:
        """Fill the floors' lists, and register checks and jobs in every process.

        Pages call a job by its name, as the worker knows it. Warnings of Python and libraries go to the log, one line
        each.
        """
        logging.captureWarnings(capture=True)
        # Both import models, which Django has loaded by now.
        import_module("config.checks")
        import_module("config.wiring").fill_hooks()
        app.autodiscover_tasks(related_name="jobs", force=True)
