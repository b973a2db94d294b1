"""What must always hold of portfolios, looked for in the live data."""

from collections.abc import Iterator

from accompaniment.hooks.invariants import InvariantCheck
from accompaniment.reads.invariants import rows


def portfolios_within_capacity() -> Iterator[str]:
    """Invariant 6: no portfolio holds more than its capacity, and its count is the number of open placements."""
    for portfolio, occupied, capacity, counted in rows("""
        SELECT portfolio.id, portfolio.occupied, portfolio.capacity, count(placement.id)
        FROM caseload_portfolio portfolio
        LEFT JOIN caseload_placement placement
            ON placement.portfolio_id = portfolio.id AND placement.ended_at IS NULL
        GROUP BY portfolio.id
        HAVING portfolio.occupied > portfolio.capacity OR portfolio.occupied <> count(placement.id)
            OR portfolio.lowered_to >= portfolio.occupied
            OR (portfolio.lowered_to IS NOT NULL AND portfolio.capacity > portfolio.occupied)
    """):
        yield f"portfolio {portfolio} says {occupied} / {capacity} and holds {counted}"


def one_open_placement() -> Iterator[str]:
    """Invariant 7: a jobseeker has at most one open placement."""
    for identifier, count in rows("""
        SELECT person.identifier, count(*) FROM caseload_placement placement
        JOIN accompaniment_jobseeker person ON person.id = placement.jobseeker_id
        WHERE placement.ended_at IS NULL GROUP BY person.id HAVING count(*) > 1
    """):
        yield f"jobseeker {identifier} has {count} open placements"


def placed_where_the_modality_fits() -> Iterator[str]:
    """A person's portfolio has the person's tier. A web portfolio requires a validated or running track."""
    for identifier, portfolio in rows("""
        SELECT person.identifier, portfolio.id FROM caseload_placement placement
        JOIN caseload_portfolio portfolio ON portfolio.id = placement.portfolio_id
        JOIN accompaniment_jobseeker person ON person.id = placement.jobseeker_id
        JOIN accompaniment_accompaniment period ON period.jobseeker_id = person.id AND period.ended_at IS NULL
        LEFT JOIN accompaniment_enrolment enrolment
            ON enrolment.jobseeker_id = person.id AND enrolment.state IN ('validated', 'active')
        WHERE placement.ended_at IS NULL AND (
            (period.track = 'web' AND portfolio.modality <> 'guide_web')
            OR (portfolio.modality = 'guide_web' AND enrolment.id IS NULL)
            OR period.tier <> CASE portfolio.modality WHEN 'guide_web' THEN 'guide' ELSE portfolio.modality END
        )
    """):
        yield f"jobseeker {identifier} is in portfolio {portfolio} of another modality"


def placed_within_the_region() -> Iterator[str]:
    """A person's portfolio is in the region of the person's agency."""
    for identifier, portfolio in rows("""
        SELECT person.identifier, portfolio.id FROM caseload_placement placement
        JOIN caseload_portfolio portfolio ON portfolio.id = placement.portfolio_id
        JOIN accompaniment_agency there ON there.id = portfolio.agency_id
        JOIN accompaniment_departement follows ON follows.code = there.departement_id
        JOIN accompaniment_jobseeker person ON person.id = placement.jobseeker_id
        JOIN accompaniment_agency agency ON agency.id = person.agency_id
        JOIN accompaniment_departement lives ON lives.code = agency.departement_id
        WHERE placement.ended_at IS NULL AND lives.region_id <> follows.region_id
    """):
        yield f"jobseeker {identifier} is in portfolio {portfolio} of another region"


def covers_within_their_absence() -> Iterator[str]:
    """A cover of an absence lies within its days, concerns the absent adviser's portfolio, and falls with it."""
    for cover, absence in rows("""
        SELECT cover.id, absence.id FROM caseload_cover cover
        JOIN caseload_absence absence ON absence.id = cover.absence_id
        JOIN caseload_portfolio portfolio ON portfolio.id = cover.portfolio_id
        WHERE cover.cancelled_at IS NULL AND (
            cover.starts_on < absence.starts_on OR cover.ends_on > absence.ends_on
            OR portfolio.adviser_id <> absence.adviser_id OR absence.cancelled_at IS NOT NULL
        )
    """):
        yield f"cover {cover} and its absence {absence} do not agree"


def covered_by_somebody_else() -> Iterator[str]:
    """Nobody covers their own portfolio."""
    for cover, portfolio in rows("""
        SELECT cover.id, portfolio.id FROM caseload_cover cover
        JOIN caseload_portfolio portfolio ON portfolio.id = cover.portfolio_id
        WHERE cover.cancelled_at IS NULL AND cover.colleague_id = portfolio.adviser_id
    """):
        yield f"portfolio {portfolio} is covered by its own adviser (cover {cover})"


def absences_never_overlap() -> Iterator[str]:
    """Two standing absences of one adviser have no day in common."""
    for first, second in rows("""
        SELECT one.id, two.id FROM caseload_absence one
        JOIN caseload_absence two ON two.adviser_id = one.adviser_id AND two.id > one.id
             AND two.starts_on <= one.ends_on AND one.starts_on <= two.ends_on
        WHERE one.cancelled_at IS NULL AND two.cancelled_at IS NULL
    """):
        yield f"absences {first} and {second} overlap"


def nobody_covers_while_absent() -> Iterator[str]:
    """A colleague who covers an absence is not absent on these days: a chain would answer nobody."""
    for cover, absence in rows("""
        SELECT cover.id, absence.id FROM caseload_cover cover
        JOIN caseload_absence absence ON absence.adviser_id = cover.colleague_id
             AND absence.starts_on <= cover.ends_on AND cover.starts_on <= absence.ends_on
        WHERE cover.cancelled_at IS NULL AND absence.cancelled_at IS NULL
    """):
        yield f"cover {cover} falls on absence {absence} of the one who covers"


def planned_transfers_leave_from_where_people_are() -> Iterator[str]:
    """The person of a planned transfer is in the portfolio that the transfer leaves from."""
    for transfer, identifier in rows("""
        SELECT transfer.id, person.identifier FROM caseload_transfer transfer
        JOIN accompaniment_jobseeker person ON person.id = transfer.jobseeker_id
        WHERE transfer.state = 'planned' AND NOT EXISTS (
            SELECT FROM caseload_placement placement
            WHERE placement.jobseeker_id = transfer.jobseeker_id AND placement.portfolio_id = transfer.source_id
              AND placement.ended_at IS NULL
        )
    """):
        yield f"transfer {transfer} is planned of jobseeker {identifier}, who is not in its portfolio"


def done_transfers_have_their_placements() -> Iterator[str]:
    """A transfer that is done has ended a placement in its source and begun one in its target."""
    for (transfer,) in rows("""
        SELECT transfer.id FROM caseload_transfer transfer
        WHERE transfer.state = 'done' AND (
            NOT EXISTS (
                SELECT FROM caseload_placement placement
                WHERE placement.jobseeker_id = transfer.jobseeker_id AND placement.portfolio_id = transfer.target_id
            ) OR NOT EXISTS (
                SELECT FROM caseload_placement placement
                WHERE placement.jobseeker_id = transfer.jobseeker_id AND placement.portfolio_id = transfer.source_id
                  AND placement.end_reason = 'transferred'
            )
        )
    """):
        yield f"transfer {transfer} is done, which the placements do not say"


def finished_batches_are_settled() -> Iterator[str]:
    """A batch that is finished has nobody planned, and everybody who received people by it was told."""
    for batch, target in rows("""
        SELECT batch.id, transfer.target_id FROM caseload_transferbatch batch
        JOIN caseload_transfer transfer ON transfer.batch_id = batch.id
        WHERE batch.finished_at IS NOT NULL AND (
            transfer.state = 'planned' OR (transfer.state = 'done' AND NOT EXISTS (
                SELECT FROM accompaniment_notification letter
                WHERE letter.key = 'people-received:' || batch.id || ':' || transfer.target_id
            ))
        )
    """):
        yield f"batch {batch} is finished, and portfolio {target} waits for a person or for the letter"


def reading_rights_are_a_managers_and_end() -> Iterator[str]:
    """A former adviser reads because a manager said so, for thirty days at most."""
    for (right,) in rows("""
        SELECT kept.id FROM caseload_readingright kept
        JOIN accompaniment_user granter ON granter.id = kept.granted_by_id
        WHERE granter.role <> 'manager' OR kept.ends_at > kept.starts_at + interval '30 days'
    """):
        yield f"reading right {right} was given by no manager, or lasts too long"


CASELOAD_CHECKS: tuple[InvariantCheck, ...] = (
    portfolios_within_capacity,
    one_open_placement,
    placed_where_the_modality_fits,
    placed_within_the_region,
    covers_within_their_absence,
    covered_by_somebody_else,
    absences_never_overlap,
    nobody_covers_while_absent,
    planned_transfers_leave_from_where_people_are,
    done_transfers_have_their_placements,
    finished_batches_are_settled,
    reading_rights_are_a_managers_and_end,
)
