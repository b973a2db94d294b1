"""What a contact of the journal has settled: the messages that came before it wait no longer, as with the services."""

from collections import defaultdict
from datetime import datetime

from accompaniment.enums import AuditAction, ContactNature
from accompaniment.models import AuditEntry, Contact
from messaging.enums import ReplySeenBy, WaitEndedBy
from messaging.models import Conversation, Message, ReplyRise, WaitEnd
from messaging.reads.participants import times_of

BATCH = 1000


def settle_waits() -> None:
    """Write the ends of waits, what they had reached, and since when each conversation waits now."""
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for contact in Contact.objects.exclude(nature=ContactNature.MESSAGE).order_by("at", "pk"):
        contacts[contact.jobseeker_id].append(contact)
    messages: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(conversation__jobseeker__in=contacts).select_related("author"):
        messages[message.conversation_id].append(message)
    ends: list[WaitEnd] = []
    rises: list[ReplyRise] = []
    conversations = Conversation.objects.filter(pk__in=messages).select_related(
        "jobseeker__agency__departement__region"
    )
    for conversation in conversations:
        own = _ends(conversation, messages[conversation.pk], contacts[conversation.jobseeker_id], rises)
        ends += own
        if own and conversation.awaiting_reply_since is not None:
            _wait_on(conversation, messages[conversation.pk], after=own[-1].number)
    WaitEnd.objects.bulk_create(ends, batch_size=BATCH)
    ReplyRise.objects.bulk_create(rises, batch_size=BATCH)
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                at=end.at,
                actor=end.actor,
                jobseeker_id=end.conversation.jobseeker_id,
                action=AuditAction.MESSAGE,
                details={"conversation": end.conversation_id, "event": str(end.ended_by), "number": end.number},
            )
            for end in ends
        ),
        batch_size=BATCH,
    )


def _ends(
    conversation: Conversation, messages: list[Message], contacts: list[Contact], rises: list[ReplyRise]
) -> list[WaitEnd]:
    ends: list[WaitEnd] = []
    settled = 0
    for contact in contacts:
        before = [message for message in messages if message.created_at <= contact.at]
        answered = max((one.number for one in before if not one.author.is_jobseeker), default=0)
        waiting = [one for one in before if one.author.is_jobseeker and one.number > max(answered, settled)]
        if not waiting:
            continue
        settled = before[-1].number
        ends.append(
            WaitEnd(
                conversation=conversation,
                number=settled,
                at=contact.at,
                actor=contact.author,
                ended_by=WaitEndedBy.CONTACT,
                contact=contact,
            )
        )
        rises += _rises(conversation, since=waiting[0].created_at, until=contact.at)
    return ends


def _rises(conversation: Conversation, *, since: datetime, until: datetime) -> list[ReplyRise]:
    times = times_of(conversation.jobseeker, since)
    reached = zip(ReplySeenBy, (times.desk_at, times.team_at, times.due_at), strict=True)
    return [
        ReplyRise(conversation=conversation, since=since, seen_by=seen_by, at=at)
        for seen_by, at in reached
        if at <= until
    ]


def _wait_on(conversation: Conversation, messages: list[Message], *, after: int) -> None:
    """Let the conversation wait since the first message that the last contact did not settle."""
    since = conversation.awaiting_reply_since
    left = [one.created_at for one in messages if one.author.is_jobseeker and one.number > after]
    left = [at for at in left if since is not None and at >= since]
    times = times_of(conversation.jobseeker, left[0]) if left else None
    conversation.awaiting_reply_since = left[0] if left else None
    conversation.reply_desk_at = times.desk_at if times else None
    conversation.reply_team_at = times.team_at if times else None
    conversation.reply_due_at = times.due_at if times else None
    conversation.save()
