"""A country full of people, written set by set: as many as a benchmark asks for, with names of the pilot."""

import csv
import io

from django.db import connection, transaction

from accompaniment.enums import Modality
from tests.accompaniment.factories import plan_defaults
from tests.accompaniment.files import pilot_file
from tests.caseload.factories import PortfolioFactory

SLICE = 100_000
"""People of one transaction."""

PORTFOLIOS = """
INSERT INTO accompaniment_user (password, email, first_name, last_name, role, is_active, created_at)
SELECT '!', 'foule-' || n || '@agence.example', 'Claude', 'Foule' || n, 'adviser', true, now()
FROM generate_series(1, %(portfolios)s - 1) n ORDER BY n;
INSERT INTO caseload_adviser (user_id, agency_id, working_share)
SELECT id, %(agency)s, 100 FROM accompaniment_user WHERE email LIKE 'foule-%%' ORDER BY id;
INSERT INTO caseload_portfolio (adviser_id, agency_id, modality, capacity, occupied)
SELECT adviser.id, adviser.agency_id, %(modality)s, %(in_portfolio)s, 0
FROM caseload_adviser adviser LEFT JOIN caseload_portfolio known ON known.adviser_id = adviser.id
WHERE known.id IS NULL ORDER BY adviser.id;
CREATE TABLE bench_portfolio AS
SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM caseload_portfolio;
CREATE TABLE bench_name (place int, last_name text, first_name text);
"""

PEOPLE = """
INSERT INTO accompaniment_jobseeker
    (identifier, civility, last_name, first_name, birth_date, phone, postal_code, commune, rome, agency_id,
     registered_on, volunteers, bandwidth, preferred_channel, preferred_hours, created_at, updated_at)
SELECT lpad(n::text, 7, '0') || chr(65 + n %% 26), 'MME', name.last_name, name.first_name,
       date '1970-01-01' + n %% 9000, '', '67000', 'Strasbourg', 'M1607', %(agency)s,
       current_date - n %% 300 - 30, false, '', '', '', now(), now()
FROM generate_series(%(first)s, %(last)s) n
JOIN bench_name name ON name.place = (n::bigint * 7919) %% %(names)s;

CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
SELECT id, row_number() OVER (ORDER BY id) + %(first)s - 1 AS n
FROM accompaniment_jobseeker WHERE identifier >= lpad(%(first)s::text, 7, '0');
ANALYZE fresh;

INSERT INTO accompaniment_accompaniment (jobseeker_id, tier, track, started_at, reason)
SELECT id, 'guide', 'classique', now() - (30 + n %% 300) * interval '1 day', 'Inscription' FROM fresh;
INSERT INTO accompaniment_enrolment
    (jobseeker_id, state, asked_at, closed_at, bandwidth, refusal_reason, leaving_reason, comment)
SELECT id, 'withdrawn', now() - interval '20 days', now() - interval '19 days', '', '', '', '' FROM fresh;
INSERT INTO accompaniment_contactplan
    (jobseeker_id, nature, channel, interval_days, reason, review_on, starts_on, created_at)
SELECT id, 'interview', 'phone', 60, 'Cadence habituelle', current_date - 5 + (n %% 200)::int, current_date - 30, now()
FROM fresh;
INSERT INTO accompaniment_obligation (jobseeker_id, kind, plan_id, period, due_on, state, waived_reason)
SELECT plan.jobseeker_id, 'follow_up_interview', plan.id, daterange(plan.starts_on, plan.starts_on + 60),
       plan.starts_on + 59, 'due', ''
FROM fresh JOIN accompaniment_contactplan plan ON plan.jobseeker_id = fresh.id;
INSERT INTO accompaniment_onsiterequest (jobseeker_id, asked_at, comment, answer)
SELECT id, now() - interval '5 hours', '', '' FROM fresh WHERE n %% 50 = 0;
INSERT INTO accompaniment_planrequest (jobseeker_id, asked_at, wished_channel, comment, answer)
SELECT id, now() - interval '5 hours', '', '', '' FROM fresh WHERE n %% 40 = 0;
INSERT INTO caseload_placement (portfolio_id, jobseeker_id, started_at, end_reason)
SELECT portfolio.id, fresh.id, now() - interval '29 days', ''
FROM fresh JOIN bench_portfolio portfolio ON portfolio.place = fresh.n %% %(portfolios)s
WHERE fresh.n < %(portfolios)s::bigint * %(in_portfolio)s;
INSERT INTO caseload_casesummary
    (jobseeker_id, last_contact_at, last_contact_channel, awaiting_reply_since, callback_due_at, next_interview_at,
     next_interview_channel, obligation_due_on, to_place_by)
SELECT id, now() - (n %% 90) * interval '1 day', 'phone',
       CASE WHEN n %% 7 = 0 THEN now() - (n %% 100) * interval '1 hour' END,
       CASE WHEN n %% 11 = 0 THEN now() + (n %% 50) * interval '1 hour' END,
       CASE WHEN n %% 3 = 0 THEN now() + (n %% 30) * interval '1 day' END, 'video',
       current_date + 29, CASE WHEN n %% 3 <> 0 THEN current_date + 29 END
FROM fresh;
"""


def crowd(count: int, *, in_portfolio: int) -> None:
    """Write `count` people into an empty database, `in_portfolio` of them in each portfolio, and analyse it.

    The people of one portfolio lie scattered over their tables, as those of real life do. Each has a period, an
    enrolment, a plan, an obligation, a placement and a summary; some have asked for something.
    """
    plan_defaults()
    first = PortfolioFactory(modality=Modality.GUIDE, capacity=in_portfolio)
    names = _names()
    facts = {
        "agency": first.agency_id,
        "modality": Modality.GUIDE,
        "portfolios": count // in_portfolio,
        "in_portfolio": in_portfolio,
        "names": len(names),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        _run(cursor, PORTFOLIOS, facts)
        with cursor.copy("COPY bench_name FROM STDIN") as copy:
            for place, name in enumerate(names):
                copy.write_row((place, *name))
    for begin in range(0, count, SLICE):
        with transaction.atomic(), connection.cursor() as cursor:
            _run(cursor, PEOPLE, facts | {"first": begin, "last": min(begin + SLICE, count) - 1})
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_portfolio, bench_name")
        cursor.execute("VACUUM ANALYZE")


def _names() -> list[tuple[str, str]]:
    """Return each last name of the pilot with each of its first names."""
    people = list(csv.DictReader(io.StringIO(pilot_file("inscriptions").decode("utf-8-sig")), delimiter=";"))
    last = sorted({person["nom"] for person in people if person["nom"].strip()})
    first = sorted({person["prenom"] for person in people if person["prenom"].strip()})
    return [(one, other) for other in first for one in last]


def _run(cursor: object, statements: str, facts: dict[str, object]) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            cursor.execute(statement, facts)  # type: ignore[attr-defined]
