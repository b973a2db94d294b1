"""Dates and telephone numbers as they are written in French; built into every template (settings: `builtins`)."""

import re
from datetime import date, datetime

from django import template
from django.template.defaultfilters import date as django_date

from accompaniment.presentation import frequency_in_words, phone_in_words

register = template.Library()

NO_BREAK = "\u00a0"
FIRST = re.compile(r"\b1(?=[ \u00a0][^\W\d])")


@register.filter(expects_localtime=True)
def french_date(value: datetime | date | None, style: str) -> str:
    """Write a day as Django's `date` does, with the first of the month as "1er": `{{ day|french_date:"j F Y" }}`."""
    return FIRST.sub("1er", django_date(value, style))


@register.filter
def frequency(interval_days: int) -> str:
    """Write how often something comes back: `{{ plan.interval_days|frequency }}`, « toutes les 4 semaines »."""
    return frequency_in_words(interval_days)


@register.filter
def telephone(number: str) -> str:
    """Write an E.164 number as people read it: `{{ person.phone|telephone }}`; none stays empty."""
    return phone_in_words(number).replace(" ", NO_BREAK) if number else ""
