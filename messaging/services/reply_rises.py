"""Notes which shares of the time to answer have passed without an answer.

A page asks whether the instant has come, so it is right whatever runs. The row is the proof of it, dated with that
instant. The job writes it, or whoever ends the wait before the job came: the rows are the same with any number of
workers, and after an outage.
"""

from accompaniment.models.statements import Statement
from messaging.enums import ReplySeenBy

RISES = (
    "INSERT INTO messaging_replyrise (conversation_id, since, seen_by, at)"  # noqa: S608  (our own names)
    " SELECT conversation.id, awaiting_reply_since, risen.seen_by, risen.at FROM messaging_conversation conversation"
    f" CROSS JOIN LATERAL (VALUES ('{ReplySeenBy.DESK}', reply_desk_at), ('{ReplySeenBy.TEAM}', reply_team_at),"
    f" ('{ReplySeenBy.MANAGER}', reply_due_at))"
    " AS risen(seen_by, at)"
    " WHERE awaiting_reply_since IS NOT NULL AND risen.at <= %(now)s::timestamptz"
)
ONCE = " ON CONFLICT (conversation_id, since, seen_by) DO NOTHING"

RISES_OF = Statement(f"{RISES} AND conversation.id = ANY(%(conversations)s::bigint[]){ONCE}")
"""For conversations whose wait ends now; they are locked."""

ALL_RISES = Statement(
    f"{RISES} AND reply_desk_at <= %(now)s::timestamptz AND NOT EXISTS ("
    " SELECT FROM messaging_replyrise known WHERE known.conversation_id = conversation.id"
    " AND known.since = conversation.awaiting_reply_since AND known.seen_by = risen.seen_by)"
    f"{ONCE} RETURNING conversation_id, seen_by"
)
"""For all conversations that wait."""
