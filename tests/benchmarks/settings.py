"""Benchmarks run with the test settings, except that a commit is on disk, as in production."""

import os

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES

DATABASES["default"]["OPTIONS"].pop("options", None)
if name := os.environ.get("BENCH_DATABASE"):
    # A server process of a benchmark serves the database that the benchmark has made.
    DATABASES["default"]["NAME"] = name
