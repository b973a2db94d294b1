"""The reminders that people have had of the interviews to come."""

from collections.abc import Iterable, Iterator

from accompaniment.enums import NotificationKind
from config.demonstration.world import World
from visio.enums import InterviewState
from visio.models import Interview, InterviewReminder
from visio.rules.reminders import REMINDERS
from visio.services.notices import reminder_key

BATCH = 1000


def write_reminders(world: World, interviews: Iterable[Interview]) -> None:
    """Write each reminder whose moment has come since the booking, so that the clock makes up for none."""
    InterviewReminder.objects.bulk_create(_reminders(world, interviews), batch_size=BATCH)


def _reminders(world: World, interviews: Iterable[Interview]) -> Iterator[InterviewReminder]:
    for interview in interviews:
        if interview.state != InterviewState.BOOKED or interview.starts_at <= world.now:
            continue
        for reminder in REMINDERS:
            at = reminder.at(interview.starts_at, zone=interview.jobseeker.agency.zone)
            if interview.booked_at + reminder.apart < at <= world.now:
                world.papers.tell(
                    at=at,
                    person=interview.jobseeker,
                    kind=NotificationKind.INTERVIEW_REMINDER,
                    key=reminder_key(interview, reminder),
                )
                yield InterviewReminder(
                    interview=interview, starts_at=interview.starts_at, moment=reminder.moment, at=at
                )
