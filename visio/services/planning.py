"""Plans mandatory interviews: obligations that have begun, and one invitation to choose a slot for each."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse

from accompaniment.enums import AuditAction, NotificationKind, ObligationState, Track
from accompaniment.locks import Rank, note
from accompaniment.models import Jobseeker, Obligation
from accompaniment.models.expressions import LocalDay
from accompaniment.services.plans import plan_obligations
from visio.locks import take_person
from visio.models import Interview, to_place
from visio.rules import LIVE_STATES
from visio.services.holding import FREE, HOLDING_STATES, attach_interviews
from visio.services.summaries import refresh_deadlines

DUE = """
    FROM accompaniment_obligation obligation
    JOIN accompaniment_jobseeker person ON person.id = obligation.jobseeker_id
    JOIN accompaniment_agency agency ON agency.id = person.agency_id
    JOIN accompaniment_departement departement ON departement.code = agency.departement_id
    JOIN accompaniment_region region ON region.code = departement.region_id
    JOIN accompaniment_accompaniment period
        ON period.jobseeker_id = person.id AND period.ended_at IS NULL AND period.track = %(web)s
    JOIN caseload_placement placement ON placement.jobseeker_id = person.id AND placement.ended_at IS NULL
    WHERE obligation.state = %(due)s
      AND lower(obligation.period) <= coalesce(%(today)s::date, (now() AT TIME ZONE region.timezone)::date)
      AND NOT EXISTS (SELECT FROM visio_slotinvitation known WHERE known.obligation_id = obligation.id)
      AND NOT EXISTS (
          SELECT FROM visio_interview booked
          WHERE booked.obligation_id = obligation.id AND booked.state = ANY(%(live)s)
      )
"""
"""The obligations that have begun, without an interview and without an invitation."""

LOCK_DUE = f"SELECT person.id {DUE} ORDER BY person.id FOR NO KEY UPDATE OF person SKIP LOCKED"

INVITE = f"""
WITH due AS (
    SELECT obligation.id, obligation.jobseeker_id, obligation.due_on, person.first_name, person.email,
           person.phone, person.user_id
    {DUE} AND person.id = ANY(%(people)s)
),
invited AS (
    INSERT INTO visio_slotinvitation (obligation_id, jobseeker_id, invited_at)
    SELECT id, jobseeker_id, now() FROM due ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING obligation_id
),
told AS (
    INSERT INTO accompaniment_notification
        (key, kind, user_id, jobseeker_id, email, context, created_at, next_try_at, attempts, last_error)
    SELECT 'choose-slot:' || due.id, %(kind)s, due.user_id, due.jobseeker_id, COALESCE(due.email, ''),
           jsonb_build_object(
               'first_name', due.first_name,
               'due_on', due.due_on,
               'path', %(path)s::text
           ),
           now(), now(), 0, ''
    FROM due JOIN invited ON invited.obligation_id = due.id
    WHERE due.email IS NOT NULL OR due.phone <> '' ORDER BY due.id
    ON CONFLICT DO NOTHING
),
audited AS (
    INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)
    SELECT now(), NULL, due.jobseeker_id, %(action)s, jsonb_build_object('event', 'invited', 'obligation', due.id)
    FROM due JOIN invited ON invited.obligation_id = due.id
)
SELECT count(*) FROM invited
"""  # noqa: S608  (our own text)


@dataclass(frozen=True)
class Planned:
    """The result of one round of planning."""

    obligations: int
    invitations: int


def plan_interviews(*, today: date | None = None) -> Planned:
    """Write the obligations that have begun, and invite once for each without an interview.

    People on the web track who are in a portfolio are invited. A person who has an interview in the period, booked or
    held, is not: that interview holds the obligation. The result is the same whether zero, one or five schedulers run,
    however late. Only the scheduler that writes an invitation tells the person. `today` replaces each agency's own day.
    """
    with transaction.atomic():
        obligations = plan_obligations(today=today)
    attach_what_came_first()
    invitations = invite_due(today=today)
    refresh_deadlines()
    return Planned(obligations=obligations, invitations=invitations)


def attach_what_came_first() -> None:
    """Attach interviews to obligations that were planned after the booking, one transaction per person."""
    for pk in _people_to_attach().values_list("pk", flat=True):
        with transaction.atomic():
            person = take_person(_people_to_attach().filter(pk=pk))
            if person is not None:
                attach_interviews(person)


def invite_due(*, today: date | None = None) -> int:
    """Invite people without a booking for their open obligation; return how many invitations are sent.

    A person who is booking, moving or cancelling holds the person's lock, and is handled in the next round.
    """
    with transaction.atomic():
        people = _locked_due(today)
        for person in _people_to_attach().filter(pk__in=people):
            attach_interviews(person)
        return invite(people=people, today=today)


def invite(*, people: list[int], today: date | None = None) -> int:
    """Invite each of these people once for the open obligation without an interview; return how many were invited.

    The caller has locked them, and then looked for their interviews.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            INVITE,
            _parameters(today)
            | {
                "people": people,
                "kind": NotificationKind.CHOOSE_SLOT,
                "action": AuditAction.OBLIGATION,
                "path": reverse("my_interviews"),
            },
        )
        (invitations,) = cursor.fetchone()
        return int(invitations)


def _locked_due(today: date | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_DUE, _parameters(today))
        people = [pk for (pk,) in cursor.fetchall()]
        note(Rank.PERSON, Jobseeker._meta.db_table, people)
        return people


def _parameters(today: date | None) -> dict[str, Any]:
    return {"today": today, "due": ObligationState.DUE, "web": Track.WEB, "live": list(LIVE_STATES)}


def _people_to_attach() -> QuerySet[Jobseeker]:
    """Return the people with an obligation to place and, in its period, an interview without an obligation."""
    free = Interview.objects.filter(FREE, jobseeker=OuterRef("jobseeker"), state__in=HOLDING_STATES).annotate(
        day=LocalDay(F("jobseeker__agency__departement__region__timezone"), F("starts_at"))
    )
    unplaced = to_place(Obligation.objects.filter(Exists(free.filter(day__contained_by=OuterRef("period"))))).order_by()
    people: QuerySet[Jobseeker] = (
        Jobseeker.objects.filter(pk__in=unplaced.values("jobseeker"))
        .select_related("agency__departement__region", "user")
        .order_by("pk")
    )
    return people
