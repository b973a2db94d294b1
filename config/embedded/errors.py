"""What can go wrong with the embedded servers, said in one sentence to whoever started the command."""

from django.core.exceptions import ImproperlyConfigured


class EmbeddedServersError(ImproperlyConfigured):
    """The embedded servers cannot run here; the message says why and what to do."""
