"""What the clock does with waits for an answer: note what has risen, and tell the pages of those who see it now."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accompaniment.locks import lock_jobseeker
from caseload.models import Adviser
from caseload.services.desk.summaries import write_summary
from messaging.enums import Panel, ReplySeenBy
from messaging.locks import lock_conversation
from messaging.models import Conversation
from messaging.reads.participants import participants_of, times_of
from messaging.services import desks
from messaging.services.reply_rises import ALL_RISES


def note_rises(*, now: datetime | None = None) -> int:
    """Note every share of the time that has passed, and return how many were new. A fixed number of statements."""
    now = now or timezone.now()
    with transaction.atomic():
        new = ALL_RISES.send(now=now).fetchall()
        seen: dict[int, set[str]] = defaultdict(set)
        for conversation, seen_by in new:
            seen[conversation].add(seen_by)
        if seen:
            _tell(seen, now=now)
    return len(new)


def _tell(seen: dict[int, set[str]], *, now: datetime) -> None:
    conversations = Conversation.objects.filter(pk__in=seen).select_related("jobseeker")
    who = participants_of(conversations, now=now)
    agencies = {one.jobseeker.agency_id for one in conversations if seen[one.pk] - {ReplySeenBy.DESK}}
    users = {user for one in conversations for user in who[one.pk].staff}
    users |= set(Adviser.objects.filter(agency__in=agencies).values_list("user", flat=True))
    transaction.on_commit(lambda: desks.tell(users, (Panel.MESSAGES,)))


def complete_times() -> int:
    """Give each wait that has none its times to answer, and return how many: a process of an earlier release knew none.

    One person at a time, because it is rare.
    """
    unknown = Conversation.objects.awaiting_reply().filter(
        Q(reply_due_at=None) | Q(reply_desk_at__lt=F("awaiting_reply_since"))
    )
    done = 0
    for pk, person in unknown.values_list("pk", "jobseeker"):
        with transaction.atomic():
            lock_jobseeker(person)
            conversation = lock_conversation(pk)
            since = conversation.awaiting_reply_since
            if since is None:
                continue
            write_times(conversation, since)
            done += 1
    return done


def write_times(conversation: Conversation, since: datetime | None) -> None:
    """Write since when a locked conversation waits and when the answer is due, also for the portfolio list."""
    times = times_of(conversation.jobseeker, since) if since is not None else None
    conversation.awaiting_reply_since = since
    conversation.reply_desk_at = times.desk_at if times else None
    conversation.reply_team_at = times.team_at if times else None
    conversation.reply_due_at = times.due_at if times else None
    conversation.save(update_fields=["awaiting_reply_since", "reply_desk_at", "reply_team_at", "reply_due_at"])
    write_summary(
        jobseeker_id=conversation.jobseeker_id,
        awaiting_reply_since=since,
        reply_due_at=conversation.reply_due_at,
    )
