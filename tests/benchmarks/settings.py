"""Benchmarks run like the tests, except that what is committed is on disk, as in production."""

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES

DATABASES["default"]["OPTIONS"].pop("options", None)
