"""Sends a form whose act concerns many people: the page asks first, and then the act is done as shown."""

from typing import Any

from django.test import Client

from accompaniment.services.foreseen import FIELD


def asked(client: Client, address: str, facts: dict[str, Any]) -> Any:
    """Send a form and return the page that says whom the act concerns; nothing is done yet."""
    page = client.post(address, facts)
    assert page.status_code == 409, page.content.decode()
    assert page.context["foreseen"].count
    return page


def confirmed(client: Client, address: str, facts: dict[str, Any], **options: Any) -> Any:
    """Send a form, read whom the act concerns, and send it again as that page does."""
    page = asked(client, address, facts)
    return client.post(address, {**facts, FIELD: page.context["foreseen"].mark}, **options)
