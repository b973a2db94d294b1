"""French days, hours, counts, names and telephone numbers; built into every template.

Instants are written in the active zone, which is the reader's. With an object that has `zones`, the zones of its two
sides, the hour names its zone if they differ: `{{ interview.starts_at|hour:interview }}`, or before another filter `{{
note.at|beside:person|moment }}`. On a jobseeker's own pages every hour does so.
"""

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature, Role, Tier, Track
from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules import french
from accompaniment.rules.presentation import (
    CHANNELS,
    NATURES_TO_YOU,
    ROLES_TO_YOU,
    TIERS_TO_YOU,
    TRACKS_TO_YOU,
    Account,
    account_in_words,
    telephone_in_words,
)
from accompaniment.rules.text_blocks import Block
from accompaniment.rules.text_blocks import text_blocks as blocks_of
from accompaniment.rules.trades import trade_in_words

register = template.Library()

FOLDED_FROM = 160
"""Characters. A longer text that people typed is folded in a list, as is one of more lines than these."""
LINES_SHOWN = 4


class Sided(Protocol):
    """Something that two people share, each in the zone of their own agency."""

    @property
    def zones(self) -> Iterable[ZoneInfo]: ...


class Appointment(Sided, Protocol):
    """Something shared that begins at an instant."""

    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """An instant, and the zones of those who share it with the reader."""

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
    """Return a period for `french_date`: `{{ first|to:last|french_date:"j F" }}`, « du 1er au 3 décembre »."""
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
def is_long(text: str) -> bool:
    """Return whether a text that people typed is folded in a list."""
    return len(text) > FOLDED_FROM or len(text.splitlines()) > LINES_SHOWN


@register.filter
def instant(value: datetime) -> str:
    """Return an instant for machines, in UTC and without fractions of a second."""
    return value.astimezone(UTC).isoformat(timespec="seconds")


@register.filter
def kept_day(value: str, style: str) -> str:
    """Write a day as a notification stores it, `2026-12-01`. A notification of an earlier release has stored words."""
    try:
        return french.day_in_style(date.fromisoformat(value), style)
    except ValueError:
        return value


@register.filter
def kept_days(first: str, last: str) -> str:
    """Write a period as a notification stores it. A notification of an earlier release has stored words."""
    try:
        return french.days_from_to(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return f"du {first} au {last}"


@register.filter
def beside(value: datetime | None, sided: Sided) -> Shared | None:
    """Make the next filter name the zone if a side's clock differs: `{{ at|beside:person|moment }}`."""
    return Shared(value, tuple(sided.zones)) if value else None


@register.filter
def hour(value: datetime | time | None, sided: Sided | None = None) -> str:
    """Write an hour: `{{ at|hour }}`, « 9 h 30 »; given its two sides, with the zone if their clocks differ."""
    if value is None or isinstance(value, time):
        return "" if value is None else french.hour_in_words(value)
    return french.hour_there(value, zone=reader_zone(), others=_others(sided))


@register.filter
def never_opened(account: Account) -> str:
    """Return a remark, to follow a name, that an account was never opened; empty for others."""
    return account_in_words(account)


@register.filter
def named_hour(value: datetime) -> str:
    """Write an hour and its zone, for documents that can be read anywhere: « 9 h 30 (heure de Paris) »."""
    zone = reader_zone()
    return f"{french.hour_in_words(value.astimezone(zone))} ({french.zone_in_words(zone)})"


@register.simple_tag
def hours(starts_at: datetime, ends_at: datetime, sided: Sided | None = None, joined: str = "–") -> str:
    """Write a period of time: « 9 h – 10 h », or with `joined="et"` after « entre »; with the zone once, at the end."""
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
    """Write day and hour of an appointment, with the reader's zone if the two sides' clocks differ."""
    return french.moment_there(sided.starts_at, zone=reader_zone(), others=_others(sided), style=style)


@register.filter
def names_zone(sided: Appointment) -> bool:
    """Return whether `appointment` names the zone."""
    return bool(french.zone_beside(sided.starts_at, zone=reader_zone(), others=_others(sided)))


@register.filter
def is_today(value: datetime) -> bool:
    """Return whether an instant is on the reader's present day."""
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
def age(since: datetime | date, today: date) -> str:
    """Write how long something has gone on: `{{ case.since|age:today }}`, « 3 mois »."""
    return french.age_in_words(_day(since), today=today)


@register.filter
def number(count: int | str) -> str:
    """Write a count in figures: `{{ total|number }}`, « 1 200 ». Text that replaces a count stays as it is."""
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
    """Write the ending for a count; 0 and 1 are singular: `personne{{ count|plural }}`, `"a,ont"`."""
    if isinstance(count, Sized):
        return french.plural(len(count), forms)
    return french.plural(count or 0, forms)


@register.filter
def counted(count: int | Sized, forms: str) -> str:
    """Write a count in a sentence: `{{ total|counted:"une personne" }}`, « aucune personne », « 12 personnes ».

    Tables, badges and cards show 0 as a number. With « aucun » the verb takes « ne »: `without`.
    """
    return french.counted(len(count) if isinstance(count, Sized) else count, forms)


@register.filter
def without(count: int | Sized, verb: str) -> str:
    """Write the verb for a count that may be zero, as « ne peut », « peut » or « peuvent » for "peut,peuvent"."""
    number = len(count) if isinstance(count, Sized) else count
    return french.verb_of(number, verb)


@register.filter
def trade(code: str) -> str:
    """Write a ROME code with its name."""
    return trade_in_words(code)


@register.filter
def after_colon(sentence: str) -> str:
    """Write a sentence in the middle of another one: « Plan de contact : un entretien… »."""
    return sentence[:1].lower() + sentence[1:]


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
def by_channel(value: str) -> str:
    """Write a channel after what goes by it: « en visio », « par téléphone »."""
    return CHANNELS[Channel(value)]


@register.filter
def nature_told(value: str) -> str:
    """Write what an exchange was, for the person."""
    return NATURES_TO_YOU[ContactNature(value)]


@register.filter
def tier_told(value: str) -> str:
    """Write what a tier is, in a sentence for the person."""
    return TIERS_TO_YOU[Tier(value)]


@register.filter
def track_told(value: str) -> str:
    """Write how the support is given, for the person: « 100 % web » or « suivi habituel »."""
    return TRACKS_TO_YOU[Track(value)]


@register.filter
def role_told(value: str) -> str:
    """Write who somebody of the service is, after the name, for the person."""
    return ROLES_TO_YOU[Role(value)]


@register.filter
def telephone(number: str) -> str:
    """Write an E.164 number as people read it: `{{ person.phone|telephone }}`; none stays empty."""
    return telephone_in_words(number)


@register.filter
def text_blocks(text: str) -> list[Block]:
    """Read a published text into headings, lists and paragraphs (`templates/accompaniment/partials/_text.html`).

    It is stored as it was typed, with plain spaces. It is shown with those at which no line may break.
    """
    return [Block(block.kind, tuple(french.kept_together(line) for line in block.lines)) for block in blocks_of(text)]
