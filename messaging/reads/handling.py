"""What an adviser has decided about a conversation, beside answering, and what may be decided now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery

from accompaniment.models import User
from accompaniment.rules.french import weekday_in_words
from messaging.enums import WaitEndedBy
from messaging.models import Conversation, Message, Reminder, WaitEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Whether the person waits, the reader's own reminder, who answered or settled last, and days to choose."""

    conversation: Conversation
    reminder: Reminder | None
    is_later: bool
    """Whether the reminder is for a later instant."""
    due_day: date | None
    """The day of the reminder, in the zone of the person's agency."""
    settled: WaitEnd | None
    """The « no reply needed » that settled the person's last message."""
    answered_by: str
    """Who of the others wrote the last message to this person, or an empty string."""
    tomorrow: date
    next_week: date

    @property
    def days(self) -> list[tuple[date, str]]:
        """The days to choose at once, each with how far it is."""
        return [(self.tomorrow, "Demain"), (self.next_week, "Dans 7 jours")]

    @property
    def waits(self) -> bool:
        return self.conversation.awaiting_reply_since is not None


def handling_of(reader: User, conversation: Conversation, *, now: datetime) -> Handling:
    """Return what there is to decide about a conversation; load `jobseeker__agency__departement__region` with it."""
    reminder = Reminder.objects.filter(conversation=conversation, user=reader).first()
    talk = Message.objects.filter(conversation=conversation, collective=False).standing()
    last = talk.select_related("author").last()
    settled: WaitEnd | None = None
    if last is not None and last.author.is_jobseeker:
        ended = WaitEnd.objects.filter(conversation=conversation, number__gte=last.number)
        settled = ended.filter(ended_by=WaitEndedBy.NO_REPLY_NEEDED).select_related("actor").first()
    other = last is not None and not last.author.is_jobseeker and last.author_id != reader.pk
    today = now.astimezone(conversation.jobseeker.agency.zone).date()
    return Handling(
        conversation=conversation,
        reminder=reminder,
        is_later=reminder is not None and reminder.due_at > now,
        due_day=reminder.due_at.astimezone(conversation.jobseeker.agency.zone).date() if reminder else None,
        settled=settled,
        answered_by=last.author.full_name if last is not None and other else "",
        tomorrow=today + timedelta(days=1),
        next_week=today + timedelta(days=7),
    )


def reminded_at(reader: User) -> Subquery:
    """Return the expression for when a conversation comes back to a reader who keeps it for later."""
    return Subquery(Reminder.objects.filter(conversation=OuterRef("pk"), user=reader).values("due_at")[:1])


def kept_in_words(due_at: datetime | None, *, zone: ZoneInfo, now: datetime) -> str:
    """Return « Gardée à traiter », « À vous rappeler mardi 1er décembre », or an empty string without a reminder."""
    if due_at is None:
        return ""
    return f"À vous rappeler {weekday_in_words(due_at.astimezone(zone).date())}" if due_at > now else "Gardée à traiter"
