"""Who reads and writes a conversation at this instant: the person, who follows them, and who covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import FilteredRelation, Q

from accompaniment.errors import DomainError
from accompaniment.models import User
from accompaniment.services import audit
from caseload.models import Placement
from messaging.models import Conversation


class ConversationClosedError(DomainError):
    """The actor has no right on this conversation, or has it no more."""

    def __init__(self) -> None:
        super().__init__("Cette conversation ne vous est plus ouverte.")


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

    @property
    def staff(self) -> frozenset[int]:
        return self.covering if self.follower is None else self.covering | {self.follower}

    @property
    def readers(self) -> frozenset[int]:
        return self.staff if self.person is None else self.staff | {self.person}

    def check_reads(self, user: User) -> None:
        """Raise ConversationClosedError unless this account may read."""
        if user.pk not in self.readers:
            raise ConversationClosedError

    def check_writes(self, user: User) -> None:
        """Raise ConversationClosedError unless this account may write, NobodyFollowsError when nobody would read."""
        self.check_reads(user)
        if not self.staff:
            raise NobodyFollowsError


def participants_of(conversations: Iterable[Conversation], *, now: datetime) -> dict[int, Participants]:
    """Return the participants of each conversation, by its primary key, with one query.

    Load `jobseeker` with the conversations. A cover runs on the days of the covering colleague's agency, as in
    the perimeter (`caseload.perimeter`); closed accounts are left out.
    """
    conversations = list(conversations)
    by_person = {conversation.jobseeker_id: conversation for conversation in conversations}
    day = now.date()
    cover = "portfolio__covers"
    rows = (
        Placement.objects.open()
        .filter(jobseeker__in=by_person)
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
            "jobseeker_id",
            "portfolio__adviser__user_id",
            "portfolio__adviser__user__is_active",
            "cover__starts_on",
            "cover__ends_on",
            "cover__colleague__user_id",
            "cover__colleague__user__is_active",
            "cover__colleague__agency__departement__region__timezone",
        )
    )
    followers: dict[int, int] = {}
    covering: dict[int, set[int]] = {}
    for person, follower, follower_active, starts_on, ends_on, colleague, colleague_active, zone in rows:
        if follower_active:
            followers[person] = follower
        if colleague_active and starts_on <= now.astimezone(ZoneInfo(zone)).date() <= ends_on:
            covering.setdefault(person, set()).add(colleague)
    return {
        conversation.pk: Participants(
            person=conversation.jobseeker.user_id,
            follower=followers.get(person),
            covering=frozenset(covering.get(person, ())),
        )
        for person, conversation in by_person.items()
    }


def participants(conversation: Conversation, *, now: datetime) -> Participants:
    """Return the participants of one conversation; load `jobseeker` with it."""
    return participants_of([conversation], now=now)[conversation.pk]


def record_reading(*, actor: User, conversation: Conversation, who: Participants) -> None:
    """Leave an audit row when somebody else than the person and their adviser opens the conversation."""
    if actor.pk not in {who.person, who.follower}:
        audit.record_reading(actor=actor, jobseeker=conversation.jobseeker, part="conversation")
