"""Errors of the embedded servers, in one sentence for the person who ran the command."""

from django.core.exceptions import ImproperlyConfigured


class EmbeddedServersError(ImproperlyConfigured):
    """The embedded servers cannot run here; the message says why and what to do."""
