"""The contact journal."""

from collections.abc import Iterable
from datetime import datetime

from accompaniment.enums import Channel, ContactNature
from accompaniment.hooks.contacts import contact_written
from accompaniment.models import Contact, Jobseeker, User
from accompaniment.models.statements import Statement


def write_contact(
    *,
    jobseeker: Jobseeker,
    at: datetime,
    channel: Channel,
    nature: ContactNature,
    author: User | None,
    summary: str = "",
    began_by: str = "",
    minutes: int | None = None,
    source: str,
) -> Contact:
    """Write one line of the journal. The same `source` is written once; the line that stands is returned.

    A new line is told to the floors for which a contact changes something.
    """
    contact, is_new = Contact.objects.get_or_create(
        source=source,
        defaults={
            "jobseeker": jobseeker,
            "at": at,
            "channel": channel,
            "nature": nature,
            "author": author,
            "summary": summary,
            "began_by": began_by,
            "minutes": minutes,
        },
    )
    if is_new:
        contact_written(contact)
    return contact


MESSAGES = Statement(
    "INSERT INTO accompaniment_contact (jobseeker_id, at, channel, nature, author_id, summary, source)"
    " SELECT line.jobseeker, %(at)s::timestamptz, %(channel)s, %(nature)s, line.author, '', line.source"
    " FROM unnest(%(people)s::bigint[], %(authors)s::bigint[], %(sources)s::text[])"
    " AS line(jobseeker, author, source)"
    " ON CONFLICT (source) DO NOTHING"
)


def write_messages(*, at: datetime, lines: Iterable[tuple[int, int, str]]) -> None:
    """Write lines of the journal for messages with one statement: person, author and source of each."""
    people, authors, sources = zip(*lines, strict=True)
    MESSAGES.send(
        at=at,
        channel=Channel.CHAT.value,
        nature=ContactNature.MESSAGE.value,
        people=list(people),
        authors=list(authors),
        sources=list(sources),
    )
