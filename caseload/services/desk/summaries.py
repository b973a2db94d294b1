"""The only way to write a person's summary for the portfolio list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accompaniment.enums import Channel
from accompaniment.models.statements import Statement
from caseload.models import CaseSummary

MESSAGES = Statement(
    "INSERT INTO caseload_casesummary (jobseeker_id, last_contact_at, last_contact_channel, awaiting_reply_since,"
    " reply_due_at, next_interview_channel)"
    " SELECT line.jobseeker, %(at)s::timestamptz, %(channel)s, line.awaiting, line.due, ''"
    " FROM unnest(%(people)s::bigint[], %(awaiting)s::timestamptz[], %(due)s::timestamptz[])"
    " AS line(jobseeker, awaiting, due)"
    " ON CONFLICT (jobseeker_id) DO UPDATE SET last_contact_at = excluded.last_contact_at,"
    " last_contact_channel = excluded.last_contact_channel, awaiting_reply_since = excluded.awaiting_reply_since,"
    " reply_due_at = excluded.reply_due_at"
)


def write_summary(*, jobseeker_id: int, **fields: Any) -> None:
    """Set fields of a person's `CaseSummary`, and create it if there is none.

    Runs in the transaction of the act itself.
    """
    CaseSummary.objects.update_or_create(jobseeker_id=jobseeker_id, defaults=fields)


def write_messages(*, at: datetime, lines: Iterable[tuple[int, datetime | None, datetime | None]]) -> None:
    """Note the last contact by message of several people, since when each waits for an answer, and when it is due."""
    people, awaiting, due = zip(*lines, strict=True)
    MESSAGES.send(at=at, channel=Channel.CHAT.value, people=list(people), awaiting=list(awaiting), due=list(due))
