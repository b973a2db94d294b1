"""Benchmarks run with the test settings, except that a commit is on disk, as in production."""

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES

DATABASES["default"]["OPTIONS"].pop("options", None)
