"""What must always hold of interviews, looked for in the live data."""

from collections.abc import Iterator

from accompaniment.hooks.invariants import InvariantCheck
from accompaniment.reads.invariants import rows


def live_interviews_never_overlap() -> Iterator[str]:
    """Invariant 10: no two live interviews, buffers included, overlap for one adviser or one jobseeker."""
    for first, second, who in rows("""
        SELECT one.id, two.id, CASE WHEN one.adviser_id = two.adviser_id THEN 'adviser' ELSE 'jobseeker' END
        FROM visio_interview one
        JOIN visio_interview two ON two.id > one.id
             AND (two.adviser_id = one.adviser_id OR two.jobseeker_id = one.jobseeker_id)
             AND tstzrange(one.starts_at, one.occupies_until) && tstzrange(two.starts_at, two.occupies_until)
        WHERE one.state IN ('booked', 'in_progress') AND two.state IN ('booked', 'in_progress')
    """):
        yield f"interviews {first} and {second} overlap for one {who}"


def absence_with_proof() -> Iterator[str]:
    """Invariant 12: an absence has an obligation, a delivered convocation, no failure, no answer, and names."""
    for (interview,) in rows("""
        SELECT id FROM visio_interview WHERE state IN ('noted', 'missed') AND (
            convocation_delivered_at IS NULL OR convocation_delivered_at >= starts_at OR obligation_id IS NULL
            OR technical_failure_at IS NOT NULL OR arrived_at IS NOT NULL OR noted_by_id IS NULL
            OR spoke_up_at IS NOT NULL
            OR EXISTS (SELECT FROM visio_rescueanswer answer
                       WHERE answer.interview_id = visio_interview.id AND answer.side = 'jobseeker')
            OR (state = 'missed' AND closed_by_id IS NULL)
        )
    """):
        yield f"interview {interview} is an absence without proof"


def absence_heard() -> Iterator[str]:
    """An absence is confirmed only after the person explained it, or was told and the time to explain passed."""
    for (interview,) in rows("""
        SELECT interview.id FROM visio_interview interview WHERE interview.state = 'missed' AND NOT (
            EXISTS (SELECT FROM visio_absenceanswer answer
                    WHERE answer.interview_id = interview.id AND answer.at <= interview.closed_at)
            OR (interview.told_at IS NOT NULL AND interview.closed_at >= interview.answer_until)
        )
    """):
        yield f"interview {interview} is an absence that was confirmed unheard"


def absence_decided_by_someone() -> Iterator[str]:
    """A decision about an absence has a named person and a reason."""
    for (event,) in rows("""
        SELECT id FROM visio_interviewevent WHERE from_state IN ('noted', 'missed')
           AND (reason = '' OR (actor_id IS NULL AND to_state <> 'excused'))
    """):
        yield f"event {event} decides on an absence without a reason or a name"


def held_with_report() -> Iterator[str]:
    """A held interview has a report and a line in the journal. No other interview has a report."""
    for interview, state in rows("""
        SELECT interview.id, interview.state FROM visio_interview interview
        LEFT JOIN visio_interviewreport report ON report.interview_id = interview.id
        LEFT JOIN accompaniment_contact contact ON contact.source = 'interview:' || interview.id
        WHERE (interview.state = 'held') <> (report.id IS NOT NULL)
           OR (interview.state = 'held') <> (contact.id IS NOT NULL)
    """):
        yield f"interview {interview} is {state}, which its report and the journal do not say"


def booked_with_the_follower() -> Iterator[str]:
    """A booked interview is with the person's adviser, or with the colleague who covers on that day."""
    for (interview,) in rows("""
        SELECT interview.id FROM visio_interview interview
        WHERE interview.state = 'booked' AND interview.starts_at > now() AND NOT EXISTS (
            SELECT FROM caseload_placement placement
            JOIN caseload_portfolio portfolio ON portfolio.id = placement.portfolio_id
            WHERE placement.jobseeker_id = interview.jobseeker_id AND placement.ended_at IS NULL
              AND (portfolio.adviser_id = interview.adviser_id OR EXISTS (
                SELECT FROM caseload_cover cover
                JOIN caseload_adviser colleague ON colleague.id = cover.colleague_id
                JOIN accompaniment_agency agency ON agency.id = colleague.agency_id
                JOIN accompaniment_departement departement ON departement.code = agency.departement_id
                JOIN accompaniment_region region ON region.code = departement.region_id
                WHERE cover.portfolio_id = portfolio.id AND cover.colleague_id = interview.adviser_id
                  AND cover.cancelled_at IS NULL
                  AND (interview.starts_at AT TIME ZONE region.timezone)::date BETWEEN cover.starts_on AND cover.ends_on
              ))
        )
    """):
        yield f"interview {interview} is booked with an adviser who does not follow the person"


def obligation_of_the_same_person() -> Iterator[str]:
    """An interview and its obligation belong to one person."""
    for (interview,) in rows("""
        SELECT interview.id FROM visio_interview interview
        JOIN accompaniment_obligation obligation ON obligation.id = interview.obligation_id
        WHERE obligation.jobseeker_id <> interview.jobseeker_id
    """):
        yield f"interview {interview} stands for an obligation of somebody else"


def interview_has_its_history() -> Iterator[str]:
    """The state of each interview is that of its last event."""
    for interview, state in rows("""
        SELECT interview.id, interview.state FROM visio_interview interview
        WHERE interview.state IS DISTINCT FROM (
            SELECT event.to_state FROM visio_interviewevent event
            WHERE event.interview_id = interview.id ORDER BY event.id DESC LIMIT 1
        )
    """):
        yield f"interview {interview} is {state}, which its events do not say"


def nothing_booked_in_an_absence() -> Iterator[str]:
    """No interview is booked in an absence of its adviser, unless it was past when the absence was declared."""
    for interview, absence in rows("""
        SELECT interview.id, absence.id FROM visio_interview interview
        JOIN caseload_absence absence ON absence.adviser_id = interview.adviser_id AND absence.cancelled_at IS NULL
        JOIN caseload_adviser adviser ON adviser.id = absence.adviser_id
        JOIN accompaniment_agency agency ON agency.id = adviser.agency_id
        JOIN accompaniment_departement departement ON departement.code = agency.departement_id
        JOIN accompaniment_region region ON region.code = departement.region_id
        WHERE interview.state = 'booked' AND interview.starts_at > absence.set_at
          AND (interview.starts_at AT TIME ZONE region.timezone)::date BETWEEN absence.starts_on AND absence.ends_on
    """):
        yield f"interview {interview} is booked in absence {absence} of its adviser"


def nobody_empties_the_calendar() -> Iterator[str]:
    """Nobody holds more coming interviews of their own choice than the bounds of the past year allow."""
    for identifier, held, most in rows("""
        SELECT person.identifier, count(*), allowed.most
        FROM visio_interview interview
        JOIN accompaniment_jobseeker person
            ON person.id = interview.jobseeker_id AND person.user_id = interview.booked_by_id
        CROSS JOIN (
            SELECT max(bound.most) AS most FROM accompaniment_actbound bound
            WHERE bound.act = 'interviews_held' AND bound.starts_on <= current_date + 1 AND NOT EXISTS (
                SELECT FROM accompaniment_actbound later
                WHERE later.act = bound.act AND later.starts_on > bound.starts_on
                  AND later.starts_on <= current_date - 365
            )
        ) allowed
        WHERE interview.state IN ('booked', 'in_progress') AND interview.obligation_id IS NULL
          AND interview.starts_at > now()
        GROUP BY 1, allowed.most HAVING count(*) > allowed.most
    """):
        yield f"jobseeker {identifier} holds {held} interviews beyond what is due, and {most} are allowed"


VISIO_CHECKS: tuple[InvariantCheck, ...] = (
    live_interviews_never_overlap,
    absence_with_proof,
    absence_heard,
    absence_decided_by_someone,
    held_with_report,
    booked_with_the_follower,
    obligation_of_the_same_person,
    interview_has_its_history,
    nothing_booked_in_an_absence,
    nobody_empties_the_calendar,
)
