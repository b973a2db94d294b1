"""Benchmarks run with the test settings, except that a commit is on disk, as in production."""

import os

from config.settings.connections import channel_layers
from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES, REDIS_URL

DATABASES["default"]["OPTIONS"].pop("options", None)
if name := os.environ.get("BENCH_DATABASE"):
    # A server process of a benchmark serves the database that the benchmark has made.
    DATABASES["default"]["NAME"] = name

CHANNEL_LAYERS = channel_layers(REDIS_URL, prefix="bench")
"""Groups of their own: tests that run beside a benchmark have rooms and conversations with the same numbers."""
