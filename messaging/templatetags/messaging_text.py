"""How the messaging floor writes texts on a page."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from messaging.enums import CallbackWay

register = template.Library()

LINK = re.compile(r"https://[^\s<>\"'«»]+")
"""The same rules, with `_within`, are in `static/messaging/links.js`."""
CLOSES = {")": "(", "]": "[", "}": "{"}


@register.filter
def message_text(body: str) -> SafeString:
    """Return the escaped text with links for https addresses; the links send no referrer."""
    parts: list[SafeString] = []
    at = 0
    for found in LINK.finditer(body):
        address = _within(found.group())
        if address == "https://":
            continue
        parts.append(format_html("{}", body[at : found.start()]))
        parts.append(format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>', address))
        at = found.start() + len(address)
    parts.append(format_html("{}", body[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def _within(address: str) -> str:
    """Return an address without the punctuation that ends the sentence and without an unmatched closing bracket."""
    while True:
        last = address[-1]
        more = last in CLOSES and address.count(last) > address.count(CLOSES[last])
        if not more and last not in ".,;:!?([{":
            return address
        address = address[:-1]


@register.filter
def answer_way(way: str) -> str:
    """Return how the person wants to be answered, as the staff read it."""
    return {CallbackWay.CHAT: "Par écrit"}.get(CallbackWay(way), str(CallbackWay(way).label))
