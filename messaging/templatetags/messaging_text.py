"""How the messaging floor writes texts, hours and telephone numbers on a page."""

import re
from datetime import datetime

import phonenumbers
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from messaging.rules import NBSP, say_time

register = template.Library()

FRANCE = 33

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


@register.filter(expects_localtime=True)
def hour(instant: datetime) -> str:
    """Say the hour of an instant, in the zone of the page: `9 h`, `13 h 30`."""
    return say_time(instant.time())


@register.filter
def telephone(number: str) -> str:
    """Write an E.164 number as people read it in France; one that cannot be read stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == FRANCE
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style).replace(" ", NBSP)
