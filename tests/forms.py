"""All forms of the service."""

from collections.abc import Iterator
from pathlib import Path

from django import forms
from django.urls import get_resolver

ROOT = Path(__file__).parent.parent


HOUSE = ("accompaniment", "caseload", "messaging", "visio")


def forms_of_the_house(kind: type[forms.BaseForm] = forms.BaseForm) -> list[type[forms.BaseForm]]:
    """Return the forms in an order that does not depend on which module was imported first."""
    _ = get_resolver().url_patterns  # this loads every view, and so every form
    ours = (form for form in set(_below(kind)) if form.__module__.startswith(HOUSE))
    return sorted(ours, key=lambda form: (form.__module__, form.__qualname__))


def _below(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for form in kind.__subclasses__():
        yield form
        yield from _below(form)
