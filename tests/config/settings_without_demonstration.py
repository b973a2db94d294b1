"""The settings of `make run` without the demonstration, which takes long to load."""

from config.settings.local import *  # noqa: F403

DEMONSTRATION = False
