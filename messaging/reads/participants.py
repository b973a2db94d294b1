"""Who may read and write in a conversation now: the person, their adviser, and colleagues who cover."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Value

from accompaniment.models import Agency, User
from accompaniment.rules.errors import DomainError
from caseload.models import Cover, Placement, ReadingRight
from messaging.models import Conversation
from messaging.rules import Stretch


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

    def check_reads(self, user: User) -> None:
        """Raise ConversationClosedError unless this account may read."""
        if user.pk not in self.readers:
            raise ConversationClosedError

    def check_writes(self, user: User) -> None:
        """Raise NobodyFollowsError if nobody would read what this account writes.

        Raise ConversationClosedError if it may not read, ReadingOnlyError if it may only read.
        """
        self.check_reads(user)
        if user.pk not in self.writers:
            raise ReadingOnlyError
        if not self.staff:
            raise NobodyFollowsError


def participants_of(conversations: Iterable[Conversation], *, now: datetime) -> dict[int, Participants]:
    """Return the participants of each conversation, by its primary key, with one query. Load `jobseeker` with them.

    The staff are those who may read and act in the perimeter (`caseload.reads.perimeter`); closed accounts are left
    out.
    """
    by_person = {conversation.jobseeker_id: conversation for conversation in conversations}
    placed, people = Placement.objects.open().filter(jobseeker__in=by_person), "portfolio__placements__jobseeker"
    followers = placed.filter(portfolio__adviser__user__is_active=True)
    covers = Cover.objects.running_at(now).answering().filter(portfolio__placements__in=placed)
    rights = ReadingRight.objects.standing(now).filter(jobseeker__in=by_person, adviser__user__is_active=True)
    rows = followers.order_by().values_list("jobseeker", Value("follower"), "portfolio__adviser__user")
    found: dict[tuple[int, str], set[int]] = {}
    for person, kind, user in rows.union(
        covers.order_by().values_list(people, Value("covering"), "colleague__user"),
        rights.order_by().values_list("jobseeker", Value("reading"), "adviser__user"),
    ):
        found.setdefault((person, kind), set()).add(user)
    return {
        conversation.pk: Participants(
            person=conversation.jobseeker.user_id,
            follower=next(iter(found.get((person, "follower"), ())), None),
            covering=frozenset(found.get((person, "covering"), ())),
            reading=frozenset(found.get((person, "reading"), ())),
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
