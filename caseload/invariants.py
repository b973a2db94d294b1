"""What must always hold of portfolios, looked for in the live data."""

from collections.abc import Iterator

from accompaniment.invariants import InvariantCheck, rows


def portfolios_within_capacity() -> Iterator[str]:
    """Invariant 6: no portfolio holds more than its capacity, and its count is the number of open placements."""
    for portfolio, occupied, capacity, counted in rows("""
        SELECT portfolio.id, portfolio.occupied, portfolio.capacity, count(placement.id)
        FROM caseload_portfolio portfolio
        LEFT JOIN caseload_placement placement
            ON placement.portfolio_id = portfolio.id AND placement.ended_at IS NULL
        GROUP BY portfolio.id
        HAVING portfolio.occupied > portfolio.capacity OR portfolio.occupied <> count(placement.id)
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
    """A person of the 100 % web track is in no portfolio of another modality, and the other way round."""
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
        )
    """):
        yield f"jobseeker {identifier} is in portfolio {portfolio} of another modality"


CASELOAD_CHECKS: tuple[InvariantCheck, ...] = (
    portfolios_within_capacity,
    one_open_placement,
    placed_where_the_modality_fits,
)
