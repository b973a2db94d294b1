"""Keeps the words of messages for the search, beside the sending of messages, which must not wait for it.

The author of a message may change it for a quarter of an hour. Its words are kept after that, once and for ever. Until
then `reads.message_search` reads the message itself.
"""

from django.utils import timezone

from accompaniment.models.statements import Statement
from messaging.rules import CHANGE_WITHIN, SETTLED_AFTER

AT_ONCE = 5000
"""The most messages of one statement."""

# The messages after the last one that is kept, up to the first that may still change.
KEEP = Statement(
    "WITH kept AS (SELECT coalesce(max(message_id), 0) AS last FROM messaging_messagesearch),"
    " coming AS (SELECT message.* FROM messaging_message message, kept WHERE message.id > kept.last"
    "  ORDER BY message.id LIMIT %(most)s),"
    " settled AS (SELECT * FROM coming WHERE id < coalesce("
    "  (SELECT min(id) FROM coming WHERE created_at > %(until)s::timestamptz), 9223372036854775807))"
    " INSERT INTO messaging_messagesearch (message_id, conversation_id, words)"
    " SELECT settled.id, settled.conversation_id,"
    "  CASE WHEN last.kind = 'deleted' THEN '' ELSE message_words(coalesce(last.body, settled.body)) END"
    " FROM settled LEFT JOIN LATERAL (SELECT kind, body FROM messaging_messagechange"
    "  WHERE message_id = settled.id ORDER BY number DESC LIMIT 1) last ON true"
    " ON CONFLICT (message_id) DO NOTHING"
)


def keep_words() -> int:
    """Keep the words of all messages that can no longer change, and return how many were new.

    A deleted message gets a row without words. Several workers, and none for a while, leave the same rows.
    """
    until = timezone.now() - CHANGE_WITHIN - SETTLED_AFTER
    kept = 0
    while True:
        new = KEEP.send(most=AT_ONCE, until=until).rowcount
        kept += new
        if new < AT_ONCE:
            return kept
