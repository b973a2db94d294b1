"""Days, hours, counts, names and telephone numbers as French writes them; built into every template.

Instants are written in the zone that is active, which is the reader's. An object with `zones`, the zones of its two
sides, makes the hour name its zone when they differ: `{{ interview.starts_at|hour:interview }}`, or, before another
filter, `{{ note.at|beside:person|moment }}`. On a jobseeker's own pages every hour does so by itself.
"""

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone

from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules import french
from accompaniment.rules.presentation import (
    Account,
    account_in_words,
    telephone_in_words,
)
from accompaniment.rules.text_blocks import Block
from accompaniment.rules.text_blocks import text_blocks as blocks_of
from accompaniment.rules.trades import trade_in_words

register = template.Library()


class Sided(Protocol):
    """Something that two people share, each on the clock of their own agency."""

    @property
    def zones(self) -> Iterable[ZoneInfo]: ...


class Appointment(Sided, Protocol):
    """Something shared that begins at an instant."""

    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """An instant, and the clocks of those who share it with the reader."""

    at: datetime
    zones: tuple[ZoneInfo, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """The days from one to another, both included."""

    first: date
    last: date


def _others(sided: Sided | None) -> tuple[ZoneInfo, ...]:
    return (*(sided.zones if sided else ()), *other_zones())


def _day(value: datetime | date) -> date:
    return value.astimezone(reader_zone()).date() if isinstance(value, datetime) else value


@register.filter
def to(first: datetime | date, last: datetime | date) -> Days:
    """Let `french_date` write a stretch of days: `{{ first|to:last|french_date:"j F" }}`, « du 1er au 3 décembre »."""
    return Days(_day(first), _day(last))


@register.filter
def french_date(value: datetime | date | Days | None, style: str) -> str:
    """Write a day in one of the styles of `french.STYLES`: `{{ day|french_date:"j F Y" }}`, « 1er mars 2026 ».

    A no-break space in the style keeps the whole day on one line.
    """
    if not value:
        return ""
    if isinstance(value, Days):
        return french.days_from_to(value.first, value.last, style)
    words = french.day_in_style(_day(value), style.replace(french.NO_BREAK, " "))
    return words.replace(" ", french.NO_BREAK) if french.NO_BREAK in style else words


@register.filter
def kept_day(value: str, style: str) -> str:
    """Write a day as a notification keeps it, `2026-12-01`; one of an earlier release kept its words."""
    try:
        return french.day_in_style(date.fromisoformat(value), style)
    except ValueError:
        return value


@register.filter
def kept_days(first: str, last: str) -> str:
    """Write a stretch of days as a notification keeps it; one of an earlier release kept its words."""
    try:
        return french.days_from_to(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return f"du {first} au {last}"


@register.filter
def beside(value: datetime | None, sided: Sided) -> Shared | None:
    """Let the filter that follows name the zone where a side reads another hour: `{{ at|beside:person|moment }}`."""
    return Shared(value, tuple(sided.zones)) if value else None


@register.filter
def hour(value: datetime | time | None, sided: Sided | None = None) -> str:
    """Write an hour: `{{ at|hour }}`, « 9 h 30 »; with its two sides, the zone where theirs differ."""
    if value is None or isinstance(value, time):
        return "" if value is None else french.hour_in_words(value)
    return french.hour_there(value, zone=reader_zone(), others=_others(sided))


@register.filter
def never_opened(account: Account) -> str:
    """Say that an account was never opened, in words that follow a name; nothing of the others."""
    return account_in_words(account)


@register.filter
def named_hour(value: datetime) -> str:
    """Write an hour and its zone, for paper that anybody may read anywhere: « 9 h 30 (heure de Paris) »."""
    zone = reader_zone()
    return f"{french.hour_in_words(value.astimezone(zone))} ({french.zone_in_words(zone)})"


@register.simple_tag
def hours(starts_at: datetime, ends_at: datetime, sided: Sided | None = None, joined: str = "–") -> str:
    """Write a stretch of time: « 9 h – 10 h », or « entre » before it and `joined="et"`; the zone once, at the end."""
    return french.hours_there(starts_at, ends_at, zone=reader_zone(), others=_others(sided), joined=joined)


@register.filter
def moment(value: datetime | Shared | None, style: str = "j F") -> str:
    """Write a day and an hour: `{{ at|moment:"j F Y" }}`, « 1er mars 2026 à 9 h 30 »."""
    if not value:
        return ""
    sided, at = (value, value.at) if isinstance(value, Shared) else (None, value)
    return french.moment_there(at, zone=reader_zone(), others=_others(sided), style=style)


@register.filter
def appointment(sided: Appointment, style: str = "l j F") -> str:
    """Write day and hour of an appointment, and the reader's zone where the two sides read another hour."""
    return french.moment_there(sided.starts_at, zone=reader_zone(), others=_others(sided), style=style)


@register.filter
def names_zone(sided: Appointment) -> bool:
    """Tell whether `appointment` names the zone."""
    return bool(french.zone_beside(sided.starts_at, zone=reader_zone(), others=_others(sided)))


@register.filter
def is_today(value: datetime) -> bool:
    """Tell whether an instant is of the reader's own day."""
    return _day(value) == timezone.localdate()


@register.filter
def waited(since: datetime, now: datetime) -> str:
    """Write how long ago something was: `{{ asked_at|waited:now }}`, « 31 h »."""
    return french.duration_in_words(now - since)


@register.filter
def delay(span: timedelta) -> str:
    """Write a delay in a sentence: `{{ answer_within|delay }}`, « 72 heures »."""
    return french.delay_in_words(span)


@register.filter
def days(count: int) -> str:
    """Write a number of days: `{{ delay.days|days }}`, « 12 jours »."""
    return french.days_in_words(count)


@register.filter
def number(count: int | str) -> str:
    """Write a count in figures: `{{ total|number }}`, « 1 200 ». What is told instead of a count stays as it is."""
    return french.grouped(count) if isinstance(count, int) else str(count)


@register.filter
def size(octets: int) -> str:
    """Write the size of a file: `{{ document.size|size }}`, « 820 Ko »."""
    return french.size_in_words(octets)


@register.filter
def listed(words: Iterable[object]) -> str:
    """Write a list: `{{ names|listed }}`, « Odile, Yann et Awa »."""
    return french.listed(words)


@register.filter
def plural(count: float | Sized | None, forms: str = "s") -> str:
    """Write the ending that goes with a count, 0 and 1 being singular: `personne{{ count|plural }}`, `"a,ont"`."""
    if isinstance(count, Sized):
        return french.plural(len(count), forms)
    return french.plural(count or 0, forms)


@register.filter
def counted(count: int | Sized, forms: str) -> str:
    """Write a count in a sentence: `{{ total|counted:"une personne" }}`, « aucune personne », « 12 personnes ».

    A table, a badge or a card of figures shows 0 as a number. With « aucun » the verb takes « ne »: `without`.
    """
    return french.counted(len(count) if isinstance(count, Sized) else count, forms)


@register.filter
def without(count: int | Sized, verb: str) -> str:
    """Write the verb of a count that may be none, as « ne peut », « peut » or « peuvent » for "peut,peuvent"."""
    number = len(count) if isinstance(count, Sized) else count
    return french.verb_of(number, verb)


@register.filter
def trade(code: str) -> str:
    """Write a code of the ROME with what it is called."""
    return trade_in_words(code)


@register.filter
def of_name(name: object) -> str:
    """Write « de » and a name: `{{ adviser|of_name }}`, « d'Odile Grandjean »."""
    return french.of_name(name)


@register.filter
def than_name(name: object) -> str:
    """Write « que » and a name: `{{ adviser|than_name }}`, « qu'Odile Grandjean »."""
    return french.than_name(name)


@register.filter
def frequency(interval_days: int) -> str:
    """Write how often something comes back: `{{ plan.interval_days|frequency }}`, « toutes les 4 semaines »."""
    return french.frequency_in_words(interval_days)


@register.filter
def telephone(number: str) -> str:
    """Write an E.164 number as people read it: `{{ person.phone|telephone }}`; none stays empty."""
    return telephone_in_words(number)


@register.filter
def text_blocks(text: str) -> list[Block]:
    """Read a published text into headings, lists and paragraphs (`accompaniment/partials/_text.html`)."""
    return blocks_of(text)
