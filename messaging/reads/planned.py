"""Messages that wait until an agency opens: when that is, and what each reader of a conversation sees of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from django.db.models import Exists, OuterRef, Q, QuerySet

from accompaniment.models import Agency, Jobseeker, User
from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules.french import hour_there, moment_there, weekday_in_words
from messaging.enums import NotSentFor
from messaging.models import Conversation, Message, PlannedMessage
from messaging.reads.participants import opening_stretches
from messaging.rules import Opening, openings_from

KNOWN_AHEAD = timedelta(days=8)
"""For how long an open page knows when the agency opens and closes."""


def next_opening(agency: Agency, *, now: datetime) -> Opening | None:
    """Return the opening that runs now, or the next one; None for an agency without hours. Load `departement__region`.

    Whoever writes outside of it may wait for it.
    """
    return next(_openings(agency, now), None)


def _openings(agency: Agency, now: datetime) -> Iterator[Opening]:
    return openings_from(
        opening_stretches(agency),
        zone=agency.zone,
        holidays_subdivision=agency.departement.holidays_subdivision,
        now=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Whether an agency is open, as the form of an adviser needs it."""

    coming: Sequence[Opening]
    is_open: bool
    seen_at: datetime

    @property
    def now(self) -> str:
        """When it was looked at, for a script on a device whose clock is wrong."""
        return self.seen_at.isoformat()

    @property
    def opens(self) -> str:
        """When it opens next, as on a button: « lundi 30 novembre, 9 h »."""
        return moment_on_button((self.coming[1] if self.is_open else self.coming[0]).starts_at)

    @property
    def closes_at(self) -> str:
        """When it closes, for a page without scripts; empty if it is closed."""
        return self.coming[0].ends_at.isoformat() if self.is_open else ""

    @property
    def calendar(self) -> str:
        """The openings for the script of the page: beginning, end and words of each, with a bar between them."""
        return "|".join(
            f"{_stamp(one.starts_at)} {_stamp(one.ends_at)} {moment_on_button(one.starts_at)}" for one in self.coming
        )


def door_of(person: Jobseeker, *, now: datetime) -> Door | None:
    """Return the door of a person's agency; None if it has no hours. Load `agency__departement__region` with them."""
    horizon = now + KNOWN_AHEAD
    found = _openings(person.agency, now)
    first = [one for one, _ in zip(found, range(2), strict=False)]
    if len(first) < 2:
        return None
    coming = [*first, *takewhile(lambda one: one.starts_at <= horizon, found)]
    return Door(coming=coming, is_open=first[0].starts_at <= now, seen_at=now)


def moment_on_button(at: datetime) -> str:
    """Return « lundi 30 novembre, 9 h » on the reader's clock, with the zone if the person's differs."""
    zone = reader_zone()
    return f"{weekday_in_words(at.astimezone(zone).date())}, {hour_there(at, zone=zone, others=other_zones())}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """A planned message as its author or a colleague sees it. The text is for its author alone."""

    row: PlannedMessage
    mine: bool
    when: str
    """« lundi 30 novembre à 9 h »"""
    wrote_since: bool
    """Whether somebody else has written in the conversation after it was written."""

    @property
    def is_waiting(self) -> bool:
        return self.row.is_waiting

    @property
    def is_refused(self) -> bool:
        return self.row.given_up_for == NotSentFor.REFUSED

    @property
    def is_sent(self) -> bool:
        return self.row.sent_at is not None


def planned_in(conversation: Conversation, reader: User) -> list[PlannedItem]:
    """Return what is planned in a conversation: the reader's own, and that of colleagues. The person sees nothing."""
    if reader.is_jobseeker:
        return []
    refused = Q(given_up_for=NotSentFor.REFUSED, put_away_at=None, author=reader)
    rows = PlannedMessage.objects.filter(Q(sent_at=None, given_up_at=None) | refused, conversation=conversation)
    return _items(rows.order_by("due_at", "pk"), reader)


def planned_by(author: User) -> list[PlannedItem]:
    """Return what an author has planned, and what could not be sent, in every conversation."""
    return _items(PlannedMessage.objects.to_show(author), author)


def planned_item(row: PlannedMessage, reader: User) -> PlannedItem:
    """Return one planned message."""
    (item,) = _items(PlannedMessage.objects.filter(pk=row.pk), reader)
    return item


def _items(rows: "QuerySet[PlannedMessage]", reader: User) -> list[PlannedItem]:
    others = Message.objects.filter(
        conversation=OuterRef("conversation"), number__gt=OuterRef("after_number"), collective=False
    ).exclude(author=OuterRef("author"))
    found = rows.annotate(wrote_since=Exists(others))
    return [
        PlannedItem(
            row=row,
            mine=row.author_id == reader.pk,
            when=moment_there(row.due_at, zone=reader_zone(), others=row.conversation.jobseeker.zones),
            wrote_since=row.wrote_since,
        )
        for row in found.select_related("author", "conversation__jobseeker__agency__departement__region")
    ]


def answers_planned(conversations: Collection[int], reader: User) -> dict[int, str]:
    """Return, for each of these conversations, which answer is planned: « Réponse prévue lundi à 9 h »."""
    rows = PlannedMessage.objects.waiting().filter(conversation__in=conversations)
    said: dict[int, str] = {}
    for item in _items(rows.order_by("-due_at", "-pk"), reader):
        by = "" if item.mine else f" ({item.row.author.full_name})"
        said[item.row.conversation_id] = f"Réponse prévue {item.when}{by}"
    return said
