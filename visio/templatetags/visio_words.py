"""Days and hours in words, in the zone that `{% timezone %}` has set."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from visio.rules import wording

register = template.Library()


@register.filter
def day_words(value: datetime | date) -> str:
    """Return "lundi 1er décembre" of an instant or a day."""
    day = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return wording.say_day(day)


@register.filter
def hour_words(value: datetime) -> str:
    """Return "9 h 45" of an instant."""
    return wording.say_hour(timezone.localtime(value))
