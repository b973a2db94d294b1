"""Loads the whole demonstration in one transaction, one subject after the other."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accompaniment.models import Jobseeker, User
from config.demonstration.appointments import hold_obligations, write_appointments
from config.demonstration.conversations import write_conversations
from config.demonstration.enrolments import send_invitations, write_enrolments
from config.demonstration.people import cast, write_people
from config.demonstration.replies import write_replies
from config.demonstration.requests import write_requests
from config.demonstration.transfers import plan_transfer
from config.demonstration.waits import settle_waits
from config.demonstration.workbooks import write_workbooks
from config.demonstration.world import build_world

WRITE_SUMMARIES = """
INSERT INTO caseload_casesummary
    (jobseeker_id, last_contact_at, last_contact_channel, awaiting_reply_since, reply_due_at, callback_due_at,
     next_interview_at, next_interview_channel, obligation_due_on, to_place_by)
SELECT person.id, latest.at, coalesce(latest.channel, ''), conversation.awaiting_reply_since,
       conversation.reply_due_at, callback.window_ends_at,
       coming.starts_at, coalesce(coming.channel, ''), nearest.due_on, nearest.to_place_by
FROM accompaniment_jobseeker person
LEFT JOIN LATERAL (
    SELECT at, channel FROM accompaniment_contact
    WHERE jobseeker_id = person.id AND nature <> 'registration_interview' ORDER BY at DESC LIMIT 1
) latest ON true
LEFT JOIN messaging_conversation conversation ON conversation.jobseeker_id = person.id
LEFT JOIN messaging_callbackrequest callback
    ON callback.jobseeker_id = person.id AND callback.state IN ('open', 'claimed')
LEFT JOIN LATERAL (
    SELECT starts_at, channel FROM visio_interview
    WHERE jobseeker_id = person.id AND state IN ('booked', 'in_progress') ORDER BY starts_at LIMIT 1
) coming ON true
LEFT JOIN LATERAL (
    SELECT min(due_on) AS due_on,
           min(due_on) FILTER (WHERE NOT EXISTS (
               SELECT FROM visio_interview booked
               WHERE booked.obligation_id = obligation.id AND booked.state IN ('booked', 'in_progress')
           )) AS to_place_by
    FROM accompaniment_obligation obligation WHERE jobseeker_id = person.id AND state = 'due'
) nearest ON true
WHERE num_nonnulls(latest.at, callback.window_ends_at, coming.starts_at, nearest.due_on) > 0
"""
"""As the services write it: from the first contact after the registration interview, or the first need."""


class NotEmptyError(Exception):
    """The database has people already; the demonstration is loaded into an empty one only."""


@dataclass(frozen=True)
class Loaded:
    """The numbers of written rows, for the command to print."""

    agencies: int
    jobseekers: int
    interviews: int


def load_demonstration(*, now: datetime) -> Loaded:
    """Load the demonstration as of `now`, completely or not at all. Raises NotEmptyError."""
    if User.objects.exists() or Jobseeker.objects.exists():
        raise NotEmptyError
    with transaction.atomic():
        world = build_world(now)
        stories = cast(world)
        write_people(world, stories)
        write_enrolments(world, stories)
        interviews = write_appointments(world, stories)
        write_conversations(world, stories)
        write_replies(world)
        write_requests(world, stories)
        write_workbooks(world, stories)
        world.papers.write()
        hold_obligations()
        settle_waits()
        send_invitations(stories)
        plan_transfer(now)
        with connection.cursor() as cursor:
            cursor.execute(WRITE_SUMMARIES)
            # Thousands of rows were written at once. Without statistics the planner would take the tables for empty,
            # and the first pages would wait minutes for nested loops.
            cursor.execute("ANALYZE")
    return Loaded(agencies=len(world.agencies), jobseekers=len(stories), interviews=interviews)
