"""A country full of people with names of the pilot, written by set-based SQL in any size that a benchmark needs."""

import csv
import io

from django.db import connection, transaction

from accompaniment.enums import Modality
from tests.accompaniment.factories import consent_text_in_force, reference
from tests.accompaniment.files import pilot_file
from tests.caseload.factories import PortfolioFactory

SLICE = 100_000
"""The number of people per transaction."""
PORTFOLIOS_PER_COVER = 100

PORTFOLIOS = """
INSERT INTO accompaniment_user (password, email, first_name, last_name, role, is_active, created_at)
SELECT '!', 'foule-' || n || '@agence.example', 'Claude', 'Foule' || n, 'adviser', true, now()
FROM generate_series(1, %(portfolios)s - 1) n ORDER BY n;
INSERT INTO caseload_adviser (user_id, agency_id, working_share)
SELECT id, %(agency)s, 100 FROM accompaniment_user WHERE email LIKE 'foule-%%' ORDER BY id;
INSERT INTO caseload_portfolio (adviser_id, agency_id, modality, capacity, occupied)
SELECT adviser.id, adviser.agency_id,
       CASE WHEN row_number() OVER (ORDER BY adviser.id) %% 2 = 0 THEN %(web)s ELSE %(classic)s END, %(in_portfolio)s, 0
FROM caseload_adviser adviser LEFT JOIN caseload_portfolio known ON known.adviser_id = adviser.id
WHERE known.id IS NULL ORDER BY adviser.id;
CREATE TABLE bench_portfolio AS
SELECT row_number() OVER (ORDER BY portfolio.id) - 1 AS place, portfolio.id, portfolio.adviser_id, adviser.user_id,
       portfolio.modality = %(web)s AS web
FROM caseload_portfolio portfolio JOIN caseload_adviser adviser ON adviser.id = portfolio.adviser_id;
WITH away AS (
    INSERT INTO caseload_absence (adviser_id, starts_on, ends_on, set_by_id, set_at)
    SELECT DISTINCT adviser_id, current_date - 1, current_date + 5, user_id, now()
    FROM bench_portfolio WHERE place %% %(portfolios_per_cover)s = 0
    RETURNING id, adviser_id, starts_on, ends_on, set_by_id
)
INSERT INTO caseload_cover (portfolio_id, absence_id, colleague_id, starts_on, ends_on, set_by_id)
SELECT covered.id, away.id, colleague.adviser_id, away.starts_on, away.ends_on, away.set_by_id
FROM bench_portfolio covered
JOIN bench_portfolio colleague ON colleague.place = covered.place + 1
JOIN away ON away.adviser_id = covered.adviser_id
WHERE covered.place %% %(portfolios_per_cover)s = 0;
CREATE TABLE bench_name (place int, last_name text, first_name text);
"""

# `n` numbers the people, `seat` the people of one portfolio. The seat decides what a page shows, so that a portfolio of
# a small country looks like one of a large country.
PEOPLE = """
CREATE TEMPORARY TABLE coming ON COMMIT DROP AS
SELECT n, n / %(portfolios)s AS seat, portfolio.id AS portfolio_id, portfolio.adviser_id,
       portfolio.user_id AS staff_id, portfolio.web, 'personne-' || n || '@foule.example' AS email
FROM generate_series(%(first)s, %(last)s) n
JOIN bench_portfolio portfolio ON portfolio.place = n %% %(portfolios)s ORDER BY n;
INSERT INTO accompaniment_user (password, email, first_name, last_name, role, is_active, created_at)
SELECT '!', email, 'Camille', 'Foule', 'jobseeker', true, now() FROM coming WHERE web ORDER BY n;
INSERT INTO accompaniment_jobseeker
    (identifier, civility, last_name, first_name, birth_date, email, phone, postal_code, commune, rome, agency_id,
     registered_on, volunteers, has_webcam, bandwidth, preferred_channel, preferred_hours, user_id, created_at,
     updated_at)
SELECT lpad(n::text, 7, '0') || chr(65 + n %% 26), 'Mme', name.last_name, name.first_name,
       date '1970-01-01' + n %% 9000, account.email, '+33388' || lpad((n %% 1000000)::text, 6, '0'), '67000',
       'Strasbourg', 'M1607', %(agency)s, current_date - n %% 300 - 32, web, CASE WHEN web THEN true END,
       CASE WHEN web THEN 'bon' ELSE '' END, '', '', account.id, now(), now()
FROM coming
JOIN bench_name name ON name.place = (n::bigint * 7919) %% %(names)s
LEFT JOIN accompaniment_user account ON account.email = coming.email
ORDER BY n;

CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
SELECT coming.*, person.id, person.user_id AS account_id, now() - interval '31 days' AS asked_at,
       now() - interval '29 days' AS followed_at,
       now() - (seat %% 29) * interval '1 day' - interval '2 hours' AS met_at,
       date_trunc('day', now()) + (1 + seat / 8) * interval '1 day' + (8 + seat %% 8) * interval '1 hour' AS meets_at,
       web AND seat %% 2 = 0 AS talks, web AND seat %% 14 = 0 AS waits, seat %% 3 = 0 AS booked,
       seat %% 11 = 0 AS rings, now() + (1 + seat %% 50) * interval '1 hour' AS rings_until
FROM coming JOIN accompaniment_jobseeker person ON person.identifier = lpad(n::text, 7, '0') || chr(65 + n %% 26)
ORDER BY n;
ANALYZE fresh;

INSERT INTO accompaniment_registrationinterview
    (jobseeker_id, agency_id, conducted_by_id, started_at, concluded_at, identity_checked, situation, has_webcam,
     bandwidth, at_ease, preferred_channel, preferred_hours, tier, notes, typed, touched)
SELECT id, %(agency)s, staff_id, asked_at, asked_at + interval '50 minutes', true, '', true, 'bon', true, '', '',
       'guide', '', '{}', '{}'
FROM fresh WHERE web ORDER BY n;
INSERT INTO accompaniment_consent (jobseeker_id, text_id, accepted_at, shown)
SELECT id, %(text)s, followed_at, 'Texte' FROM fresh WHERE web ORDER BY n;
INSERT INTO accompaniment_enrolment
    (jobseeker_id, state, asked_at, interview_id, equipment_declared_at, has_webcam, bandwidth, validated_at,
     validated_by_id, consent_id, started_at, closed_at, refusal_reason, leaving_reason, comment)
SELECT fresh.id, CASE WHEN web THEN 'active' ELSE 'withdrawn' END, asked_at, interview.id, interview.concluded_at,
       interview.has_webcam, coalesce(interview.bandwidth, ''), interview.concluded_at, interview.conducted_by_id,
       consent.id, consent.accepted_at, CASE WHEN NOT web THEN followed_at END, '', '', ''
FROM fresh
LEFT JOIN accompaniment_registrationinterview interview ON interview.jobseeker_id = fresh.id
LEFT JOIN accompaniment_consent consent ON consent.jobseeker_id = fresh.id
ORDER BY n;
INSERT INTO accompaniment_enrolmentevent (enrolment_id, at, actor_id, from_state, to_state)
SELECT enrolment.id, enrolment.asked_at + step.number * interval '1 hour', fresh.account_id, step.before, step.after
FROM fresh JOIN accompaniment_enrolment enrolment ON enrolment.jobseeker_id = fresh.id
JOIN (VALUES (true, 0, '', 'asked'), (true, 1, 'asked', 'validated'), (true, 2, 'validated', 'active'),
             (false, 0, '', 'asked'), (false, 1, 'asked', 'withdrawn')
     ) step(web, number, before, after) ON step.web = fresh.web
ORDER BY n, step.number;
INSERT INTO accompaniment_accompaniment (jobseeker_id, tier, track, started_at, ended_at, reason)
SELECT id, 'guide', 'classique', now() - (32 + n %% 300) * interval '1 day', CASE WHEN web THEN followed_at END,
       'Inscription'
FROM fresh ORDER BY n %% 31;
INSERT INTO accompaniment_accompaniment (jobseeker_id, tier, track, enrolment_id, started_at, reason)
SELECT fresh.id, 'guide', 'web', enrolment.id, followed_at, 'Adhésion'
FROM fresh JOIN accompaniment_enrolment enrolment ON enrolment.jobseeker_id = fresh.id
WHERE web ORDER BY n %% 31;
INSERT INTO accompaniment_contactplan
    (jobseeker_id, nature, channel, interval_days, reason, review_on, starts_on, created_at)
SELECT id, 'interview', CASE WHEN web THEN 'video' ELSE 'on_site' END, 60, 'Cadence habituelle',
       current_date - 5 + seat, current_date - 29, now()
FROM fresh ORDER BY n;
INSERT INTO accompaniment_obligation (jobseeker_id, kind, plan_id, period, due_on, state, waived_reason)
SELECT plan.jobseeker_id, 'follow_up_interview', plan.id, daterange(plan.starts_on, plan.starts_on + 60),
       plan.starts_on + 59, 'due', ''
FROM fresh JOIN accompaniment_contactplan plan ON plan.jobseeker_id = fresh.id ORDER BY n %% 31;
INSERT INTO accompaniment_onsiterequest (jobseeker_id, asked_at, comment, answer)
SELECT id, now() - interval '5 hours', '', '' FROM fresh WHERE seat %% 50 = 0;
INSERT INTO accompaniment_planrequest (jobseeker_id, asked_at, wished_channel, comment, answer)
SELECT id, now() - interval '5 hours', '', '', '' FROM fresh WHERE seat %% 40 = 0;
INSERT INTO caseload_placement (portfolio_id, jobseeker_id, started_at, end_reason)
SELECT portfolio_id, id, followed_at, '' FROM fresh WHERE seat < %(in_portfolio)s ORDER BY n;
INSERT INTO visio_interview
    (token, jobseeker_id, adviser_id, obligation_id, channel, starts_at, ends_at, occupies_until, state, booked_at,
     booked_by_id, closed_at, closed_by_id, technical_failure_note)
SELECT 'booked-' || n, fresh.id, adviser_id, obligation.id, CASE WHEN web THEN 'video' ELSE 'phone' END, meets_at,
       meets_at + interval '30 minutes', meets_at + interval '40 minutes', 'booked', now(), staff_id, NULL, NULL, ''
FROM fresh JOIN accompaniment_obligation obligation ON obligation.jobseeker_id = fresh.id WHERE booked
UNION ALL
SELECT 'held-' || n, id, adviser_id, NULL, 'phone', met_at - interval '30 minutes', met_at, met_at, 'held',
       met_at - interval '3 days', staff_id, met_at, staff_id, ''
FROM fresh WHERE seat %% 2 = 0;
INSERT INTO visio_interviewevent (interview_id, at, actor_id, from_state, to_state, reason)
SELECT interview.id, now(), staff_id, '', interview.state, ''
FROM fresh JOIN visio_interview interview ON interview.jobseeker_id = fresh.id;
INSERT INTO visio_interviewreport (interview_id, author_id, conclusions, next_step, created_at)
SELECT interview.id, staff_id, 'Recherche active', 'continue', met_at
FROM fresh JOIN visio_interview interview ON interview.jobseeker_id = fresh.id AND interview.state = 'held';
INSERT INTO accompaniment_contact (jobseeker_id, at, channel, nature, author_id, summary, source)
SELECT id, asked_at, 'on_site', 'registration_interview', staff_id, '', NULL FROM fresh
UNION ALL
SELECT fresh.id, met_at, 'phone', 'interview', staff_id, '', 'interview:' || interview.id
FROM fresh LEFT JOIN visio_interview interview ON interview.jobseeker_id = fresh.id AND interview.state = 'held';
INSERT INTO messaging_conversation (jobseeker_id, last_number, awaiting_reply_since)
SELECT id, CASE WHEN waits THEN 3 ELSE 2 END, CASE WHEN waits THEN met_at - interval '1 hour' END
FROM fresh WHERE talks ORDER BY n;
INSERT INTO messaging_message (conversation_id, number, author_id, client_id, body, created_at, collective)
SELECT conversation.id, number, CASE WHEN number = 2 THEN staff_id ELSE account_id END, gen_random_uuid(), 'Bonjour',
       met_at - (4 - number) * interval '1 hour', false
FROM fresh JOIN messaging_conversation conversation ON conversation.jobseeker_id = fresh.id
JOIN generate_series(1, 3) number ON number <= conversation.last_number ORDER BY n, number;
WITH asked AS (
    INSERT INTO messaging_callbackrequest
        (jobseeker_id, subject, comment, phone, window_starts_at, window_ends_at, team_at, manager_at, asked_at, state,
         outcome)
    SELECT id, 'other', '', '+33388000000', rings_until - interval '120 minutes', rings_until,
           rings_until - interval '60 minutes', rings_until - interval '24 minutes', now() - interval '1 day', 'open',
           ''
    FROM fresh WHERE rings RETURNING id, asked_at, window_starts_at, window_ends_at
), offered AS (
    INSERT INTO messaging_callbackwindow (request_id, starts_at, ends_at)
    SELECT id, window_starts_at, window_ends_at FROM asked
)
INSERT INTO messaging_callbackevent (request_id, at, from_state, to_state) SELECT id, asked_at, '', 'open' FROM asked;
INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)
SELECT asked_at, NULL, id, 'created', '{"event": "import"}'::jsonb FROM fresh
UNION ALL
SELECT followed_at, staff_id, id, 'placement', '{"event": "placed"}' FROM fresh
UNION ALL
SELECT met_at, staff_id, id, 'contact', '{}' FROM fresh;
INSERT INTO caseload_casesummary
    (jobseeker_id, last_contact_at, last_contact_channel, awaiting_reply_since, callback_due_at, next_interview_at,
     next_interview_channel, obligation_due_on, to_place_by)
SELECT id, met_at, 'phone', CASE WHEN waits THEN met_at - interval '1 hour' END, CASE WHEN rings THEN rings_until END,
       CASE WHEN booked THEN meets_at END, CASE WHEN NOT booked THEN '' WHEN web THEN 'video' ELSE 'phone' END,
       current_date + 30, CASE WHEN NOT booked THEN current_date + 30 END
FROM fresh;
"""


def crowd(count: int, *, in_portfolio: int) -> None:
    """Write `count` people into an empty database, `in_portfolio` of them per portfolio, and analyse it.

    Every second portfolio, beginning with the first, follows its people on the web track, with an account, a
    registration interview, an acceptance and an active enrolment. All people have a plan, an obligation, a placement,
    contacts, audit rows and a summary. Some have interviews, messages or open requests, and some portfolios are
    covered. The people of one portfolio are scattered over the tables, as in real life.
    """
    reference()
    first = PortfolioFactory(modality=Modality.GUIDE_WEB, capacity=in_portfolio)
    names = _names()
    facts = {
        "agency": first.agency_id,
        "text": consent_text_in_force().pk,
        "web": Modality.GUIDE_WEB,
        "classic": Modality.GUIDE,
        "portfolios": count // in_portfolio,
        "in_portfolio": in_portfolio,
        "portfolios_per_cover": PORTFOLIOS_PER_COVER,
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
