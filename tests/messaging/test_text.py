"""People's texts on a page: links without the surrounding characters, and nothing that runs."""

import pytest

from messaging.templatetags.messaging_text import message_text


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("voir (https://exemple.fr/a_(b))", "https://exemple.fr/a_(b)"),
        ("voir https://exemple.fr/a_(b).", "https://exemple.fr/a_(b)"),
        ("(https://exemple.fr/offre)", "https://exemple.fr/offre"),
        ("[https://exemple.fr/?q[]=1], puis", "https://exemple.fr/?q[]=1"),
        ("https://exemple.fr/a;b?", "https://exemple.fr/a;b"),
    ],
)
def test_brackets_belong_to_an_address_that_opens_them(body: str, address: str) -> None:
    """Kind: a link that ends in the wrong place. The same cases run in the browser (tests/e2e/test_reading.py)."""
    assert f'href="{address}"' in message_text(body)
    assert f">{address}</a>" in message_text(body)


@pytest.mark.parametrize("body", ["javascript:alert(1)", "https://", "https://((", "http://exemple.fr"])
def test_what_is_no_safe_address_stays_text(body: str) -> None:
    assert "<a" not in message_text(body)


def test_nothing_in_a_link_leaves_its_attribute() -> None:
    shown = message_text('https://exemple.fr/"onmouseover=alert(1) https://exemple.fr/<script>alert(1)</script>')
    assert "<script" not in shown
    assert 'href="https://exemple.fr/"' in shown
    assert "&quot;onmouseover" in shown
