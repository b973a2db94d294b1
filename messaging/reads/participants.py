"""Who reads and writes a conversation at this instant: the person, who follows them, and who covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import FilteredRelation, Q

from accompaniment.models import Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError
from messaging.models import Conversation
from messaging.rules import Stretch


class ConversationClosedError(DomainError):
    """The actor has no right on this conversation, or has it no more."""

    def __init__(self) -> None:
        super().__init__("Cette conversation ne vous est plus ouverte.")


class ReadingOnlyError(DomainError):
    """The actor may read this conversation and not write in it: a former adviser, for a while."""

    def __init__(self) -> None:
        super().__init__("Vous pouvez lire cette conversation, sans y écrire\u00a0: un autre conseiller y répond.")


class NobodyFollowsError(DomainError):
    """The person has no adviser now, so nobody would read a message."""

    def __init__(self) -> None:
        super().__init__("Aucun conseiller ne vous suit pour le moment. Adressez-vous à votre agence.")


@dataclass(frozen=True, kw_only=True)
class Participants:
    """The accounts that may read a conversation now."""

    person: int | None
    follower: int | None
    covering: frozenset[int]
    reading: frozenset[int] = frozenset()
    """Former advisers who may still read, and nothing else."""

    @property
    def staff(self) -> frozenset[int]:
        return self.covering if self.follower is None else self.covering | {self.follower}

    @property
    def readers(self) -> frozenset[int]:
        return self.writers | self.reading

    @property
    def writers(self) -> frozenset[int]:
        return self.staff if self.person is None else self.staff | {self.person}

    def check_reads(self, user: User) -> None:
        """Raise ConversationClosedError unless this account may read."""
        if user.pk not in self.readers:
            raise ConversationClosedError

    def check_writes(self, user: User) -> None:
        """Raise NobodyFollowsError when nobody would read what this account writes.

        Raise ConversationClosedError unless it may read, ReadingOnlyError where it may do no more than that.
        """
        self.check_reads(user)
        if user.pk not in self.writers:
            raise ReadingOnlyError
        if not self.staff:
            raise NobodyFollowsError


def participants_of(conversations: Iterable[Conversation], *, now: datetime) -> dict[int, Participants]:
    """Return the participants of each conversation, by its primary key, with one query.

    Load `jobseeker` with the conversations. A cover runs on the days of the covering colleague's agency, as in
    the perimeter (`caseload.reads.perimeter`); closed accounts are left out.
    """
    conversations = list(conversations)
    by_person = {conversation.jobseeker_id: conversation for conversation in conversations}
    day = now.date()
    cover, kept = "placement__portfolio__covers", "reading_rights"
    rows = (
        Jobseeker.objects.filter(pk__in=by_person)
        .annotate(
            placement=FilteredRelation("placements", condition=Q(placements__ended_at=None)),
            kept=FilteredRelation(kept, condition=Q(**{f"{kept}__starts_at__lte": now, f"{kept}__ends_at__gt": now})),
        )
        .annotate(
            cover=FilteredRelation(
                cover,
                condition=Q(
                    **{
                        f"{cover}__cancelled_at": None,
                        f"{cover}__starts_on__lte": day + timedelta(days=1),
                        f"{cover}__ends_on__gte": day - timedelta(days=1),
                    }
                ),
            )
        )
        .order_by()
        .values_list(
            "pk",
            "placement__portfolio__adviser__user_id",
            "placement__portfolio__adviser__user__is_active",
            "cover__starts_on",
            "cover__ends_on",
            "cover__colleague__user_id",
            "cover__colleague__user__is_active",
            "cover__colleague__agency__departement__region__timezone",
            "kept__adviser__user_id",
            "kept__adviser__user__is_active",
        )
    )
    followers: dict[int, int] = {}
    covering: dict[int, set[int]] = {}
    reading: dict[int, set[int]] = {}
    for row in rows:
        person, follower, follower_active, starts_on, ends_on, colleague, colleague_active, zone, reader, reads = row
        if follower_active:
            followers[person] = follower
        if colleague_active and starts_on <= now.astimezone(ZoneInfo(zone)).date() <= ends_on:
            covering.setdefault(person, set()).add(colleague)
        if reads:
            reading.setdefault(person, set()).add(reader)
    return {
        conversation.pk: Participants(
            person=conversation.jobseeker.user_id,
            follower=followers.get(person),
            covering=frozenset(covering.get(person, ())),
            reading=frozenset(reading.get(person, ())),
        )
        for person, conversation in by_person.items()
    }


def participants(conversation: Conversation, *, now: datetime) -> Participants:
    """Return the participants of one conversation; load `jobseeker` with it."""
    return participants_of([conversation], now=now)[conversation.pk]


def opening_stretches(agency: Agency) -> list[Stretch]:
    """Return the agency's opening hours as the rules take them."""
    return [
        Stretch(weekday=hours.weekday, opens_at=hours.opens_at, closes_at=hours.closes_at)
        for hours in agency.opening_hours.all()
    ]
