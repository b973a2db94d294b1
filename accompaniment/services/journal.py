"""The contact journal."""

from datetime import datetime

from accompaniment.enums import Channel, ContactNature
from accompaniment.models import Contact, Jobseeker, User


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
    """Write one line of the journal. The same `source` is written once; the line that stands is returned."""
    contact, _ = Contact.objects.get_or_create(
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
    return contact
