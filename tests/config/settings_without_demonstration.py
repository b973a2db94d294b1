"""The settings of `make run` less the demonstration, which takes its time to load."""

from config.settings.local import *  # noqa: F403

DEMONSTRATION = False
