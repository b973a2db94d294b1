"""How the messaging floor writes texts on a page."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

LINK = re.compile(r"https://[^\s<>\"'«»]+[^\s<>\"'«».,;:!?)\]}]")
"""The same in `static/messaging/conversation.js`."""


@register.filter
def message_text(body: str) -> SafeString:
    """Return the text, escaped; addresses that begin with https become links that tell the other site nothing."""
    parts: list[SafeString] = []
    at = 0
    for link in LINK.finditer(body):
        parts.append(format_html("{}", body[at : link.start()]))
        parts.append(
            format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>', link.group())
        )
        at = link.end()
    parts.append(format_html("{}", body[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))
