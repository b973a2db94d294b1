"""Who may read and write in a conversation now: the person, their adviser, and colleagues who cover."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.expressions import Combinable

from accompaniment.models import Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError
from caseload.models import Cover, Placement, ReadingRight
from caseload.rules.reply_clock import ReplyTimes, reply_times
from messaging.models import Conversation
from messaging.rules import Stretch

StaffRow = tuple[int, str, int]


class ConversationClosedError(DomainError):
    """The actor has no right to this conversation, or has lost it."""

    def __init__(self) -> None:
        super().__init__("Cette conversation ne vous est plus ouverte.")


class ReadingOnlyError(DomainError):
    """The actor, a former adviser, may read this conversation for a while but not write in it."""

    def __init__(self) -> None:
        super().__init__("Vous pouvez lire cette conversation, sans y écrire\u00a0: un autre conseiller y répond.")


class NobodyFollowsError(DomainError):
    """The person has no adviser now, so nobody would read a message."""

    def __init__(self) -> None:
        super().__init__("Aucun conseiller ne vous accompagne pour le moment. Adressez-vous à votre agence.")


@dataclass(frozen=True, kw_only=True)
class Participants:
    """The accounts that may read a conversation now."""

    person: int | None
    follower: int | None
    covering: frozenset[int]
    reading: frozenset[int] = frozenset()
    """Former advisers, who may still read but not write."""

    @property
    def staff(self) -> frozenset[int]:
        return self.covering if self.follower is None else self.covering | {self.follower}

    @property
    def readers(self) -> frozenset[int]:
        return self.writers | self.reading

    @property
    def writers(self) -> frozenset[int]:
        return self.staff if self.person is None else self.staff | {self.person}

    def across(self, user_pk: int) -> frozenset[int]:
        """Return the accounts with which this one talks: the staff for the person, the person for everybody else."""
        if user_pk == self.person:
            return self.staff
        return frozenset() if self.person is None else frozenset({self.person})

    def check_reads(self, user: User) -> None:
        """Raise ConversationClosedError unless this account may read."""
        if user.pk not in self.readers:
            raise ConversationClosedError

    def check_changes(self, user: User) -> None:
        """Raise ConversationClosedError if this account may not read, ReadingOnlyError if it may only read.

        A person whom nobody follows now may still take back what they wrote.
        """
        self.check_reads(user)
        if user.pk not in self.writers:
            raise ReadingOnlyError

    def check_writes(self, user: User) -> None:
        """Raise NobodyFollowsError if nobody would read what this account writes.

        Raise ConversationClosedError if it may not read, ReadingOnlyError if it may only read.
        """
        self.check_changes(user)
        if not self.staff:
            raise NobodyFollowsError


NOBODY = Participants(person=None, follower=None, covering=frozenset())


def participants_of(conversations: Iterable[Conversation], *, now: datetime) -> dict[int, Participants]:
    """Return the participants of each conversation, by its primary key, with one query. Load `jobseeker` with them."""
    by_person = {conversation.jobseeker_id: conversation for conversation in conversations}
    found = gathered(staff_of(list(by_person), now=now))
    return {
        conversation.pk: found.get(person, Staff()).participants(conversation.jobseeker.user_id)
        for person, conversation in by_person.items()
    }


def staff_of(people: Collection[int] | Combinable, *, now: datetime | Combinable) -> "QuerySet[Any, StaffRow]":
    """Return who of the staff follows, covers or still reads these people: person, in which capacity, account.

    The staff are those who may read and act in the perimeter (`caseload.reads.perimeter`); closed accounts are left
    out.
    """
    placed, covered = Placement.objects.open().filter(jobseeker__in=people), "portfolio__placements__jobseeker"
    followers = placed.filter(portfolio__adviser__user__is_active=True)
    covers = Cover.objects.running_at(now).answering().filter(portfolio__placements__in=placed)
    rights = ReadingRight.objects.standing(now).filter(jobseeker__in=people, adviser__user__is_active=True)
    rows = followers.order_by().values_list("jobseeker", Value("follower"), "portfolio__adviser__user")
    return rows.union(
        covers.order_by().values_list(covered, Value("covering"), "colleague__user"),
        rights.order_by().values_list("jobseeker", Value("reading"), "adviser__user"),
    )


@dataclass(kw_only=True)
class Staff:
    """The staff of one person."""

    follower: int | None = None
    covering: set[int] = field(default_factory=set)
    reading: set[int] = field(default_factory=set)

    def participants(self, person: int | None) -> Participants:
        """Return them together with the account of the person."""
        return Participants(
            person=person,
            follower=self.follower,
            covering=frozenset(self.covering),
            reading=frozenset(self.reading),
        )


def gathered(rows: Iterable[StaffRow]) -> dict[int, Staff]:
    """Return the staff of each person, from the rows of `staff_of`."""
    found: dict[int, Staff] = defaultdict(Staff)
    for person, capacity, user in rows:
        if capacity == "follower":
            found[person].follower = user
        else:
            getattr(found[person], capacity).add(user)
    return found


def participants(conversation: Conversation, *, now: datetime) -> Participants:
    """Return the participants of one conversation; load `jobseeker` with it."""
    return participants_of([conversation], now=now)[conversation.pk]


def opening_stretches(agency: Agency) -> list[Stretch]:
    """Return the agency's opening hours as the rules take them."""
    return [
        Stretch(weekday=hours.weekday, opens_at=hours.opens_at, closes_at=hours.closes_at)
        for hours in agency.opening_hours.all()
    ]


def times_of(person: Jobseeker, since: datetime) -> ReplyTimes:
    """Return when an answer to a person is due; load `agency__departement__region` with them."""
    return reply_times(
        since,
        weekdays={stretch.weekday for stretch in opening_stretches(person.agency)},
        zone=person.agency.zone,
        holidays_subdivision=person.agency.departement.holidays_subdivision,
    )
