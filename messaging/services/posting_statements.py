"""The statements that look up what a batch of messages needs, and write it."""

from django.db.models.expressions import RawSQL

from accompaniment.models.statements import Blank, Statement, instant
from messaging.models import OF_A_MESSAGE
from messaging.reads.participants import staff_of

# A batch asks for a few rows by their keys, so the plans are made once, and no table is ever read as a whole. Only for
# a transaction that ends with the batch, because the settings last as long.
HURRY = Statement(
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),"
    " set_config('lock_timeout', %(patience)s, true)"
)

STAFF = Statement(
    lambda: staff_of(
        RawSQL(
            "SELECT jobseeker_id FROM messaging_conversation WHERE id = ANY(%s::bigint[])", [Blank("conversations")]
        ),
        now=instant("now"),
    )
)

STANDING = Statement(
    f"SELECT {', '.join(f'message.{column}' for column in OF_A_MESSAGE)}"  # noqa: S608  (our own names)
    " FROM unnest(%(authors)s::bigint[], %(client_ids)s::uuid[]) AS draft(author, client_id)"
    " JOIN messaging_message message ON message.author_id = draft.author AND message.client_id = draft.client_id"
)

# Only as many rows of each author are read as the limit allows, from the end of their conversation.
SENT = Statement(
    "WITH bound AS (SELECT most, within_minutes FROM accompaniment_actbound"
    " WHERE act = %(act)s AND starts_on <= %(day)s ORDER BY starts_on DESC LIMIT 1)"
    " SELECT bound.most, bound.within_minutes, draft.author, ("
    "  SELECT count(*) FROM (SELECT created_at FROM messaging_message"
    "   WHERE conversation_id = draft.conversation AND author_id = draft.author ORDER BY number DESC LIMIT bound.most"
    "  ) latest WHERE created_at > %(now)s::timestamptz - make_interval(mins => bound.within_minutes))"
    " FROM bound, unnest(%(authors)s::bigint[], %(conversations)s::bigint[]) AS draft(author, conversation)"
    " JOIN accompaniment_user ON accompaniment_user.id = draft.author WHERE role = 'jobseeker'"
)

STORE = Statement(
    "INSERT INTO messaging_message (conversation_id, number, author_id, client_id, body, collective, by_email,"
    " pieces_left, answers_up_to, attached, card, created_at)"
    " SELECT new.*, %(at)s::timestamptz FROM unnest(%(conversations)s::bigint[], %(numbers)s::integer[],"
    " %(authors)s::bigint[], %(client_ids)s::uuid[], %(bodies)s::text[], %(collective)s::boolean[],"
    " %(by_email)s::boolean[], %(pieces_left)s::smallint[], %(answers_up_to)s::integer[],"
    " %(attached)s::smallint[], %(cards)s::boolean[]) AS new"
    " RETURNING conversation_id, number, id"
)

BIND = Statement(
    "UPDATE messaging_attachment SET message_id = message.id, position = new.position"
    " FROM unnest(%(attachments)s::bigint[], %(conversations)s::bigint[], %(numbers)s::integer[],"
    " %(positions)s::smallint[]) AS new(id, conversation, number, position)"
    " JOIN messaging_message message ON message.conversation_id = new.conversation AND message.number = new.number"
    " WHERE messaging_attachment.id = new.id"
)

LEAVE = Statement(
    "INSERT INTO messaging_pieceleft (message_id, position, name, why)"
    " SELECT message.id, new.position, new.name, new.why"
    " FROM unnest(%(conversations)s::bigint[], %(numbers)s::integer[], %(positions)s::smallint[], %(names)s::text[],"
    " %(reasons)s::text[]) AS new(conversation, number, position, name, why)"
    " JOIN messaging_message message ON message.conversation_id = new.conversation AND message.number = new.number"
)

COUNT = Statement(
    "UPDATE messaging_conversation SET last_number = new.last_number, awaiting_reply_since = new.since,"
    " reply_desk_at = new.desk, reply_team_at = new.team, reply_due_at = new.due"
    " FROM unnest(%(conversations)s::bigint[], %(numbers)s::integer[], %(awaiting)s::timestamptz[],"
    " %(desk)s::timestamptz[], %(team)s::timestamptz[], %(due)s::timestamptz[])"
    " AS new(id, last_number, since, desk, team, due) WHERE messaging_conversation.id = new.id"
)
