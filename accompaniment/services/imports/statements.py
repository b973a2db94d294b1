"""The SQL that writes registrations.

`import_incoming` holds the accepted rows, `import_touched` those that are new or differ from the last load,
`import_updates` and `import_tier_changes` the changes of known people, `import_volunteers` the people whose enrolment
is decided. All of these tables vanish with the transaction. Only names and codes of our own are put into the text;
values of a file come by COPY.
"""

# ruff: noqa: S608

from accompaniment.enums import EnrolmentState, Tier, Track
from accompaniment.rules.imports.rows import JobseekerRow

PERSON_COLUMNS = tuple(column for column in JobseekerRow._fields if column not in ("line", "identifier", "tier"))
TIER_REASON = "Modalité du système d'information"
FIRST_REASON = "Inscription"
STRIDE = 31

_TYPES = {
    "line": "integer",
    "birth_date": "date",
    "registered_on": "date",
    "agency_id": "bigint",
    "volunteers": "boolean",
    "has_webcam": "boolean",
}
_NAMES = ", ".join(PERSON_COLUMNS)
REMEMBERED = (*PERSON_COLUMNS, "tier")


def _of(source: str) -> str:
    """Return the values to remember from a row, as columns of `source`."""
    return ", ".join(f"{source}.{column}" for column in REMEMBERED)


PREPARE = f"""
DROP TABLE IF EXISTS pg_temp.import_incoming, pg_temp.import_touched, pg_temp.import_refused,
                     pg_temp.import_updates, pg_temp.import_tier_changes, pg_temp.import_volunteers,
                     pg_temp.import_addresses;
CREATE TEMPORARY TABLE import_incoming (
    {", ".join(f"{column} {_TYPES.get(column, 'text')}" for column in JobseekerRow._fields)}
) ON COMMIT DROP
"""

COPY_INCOMING = f"COPY import_incoming ({', '.join(JobseekerRow._fields)}) FROM STDIN"

COUNT_INCOMING = "SELECT count(*) FROM import_incoming"

# New people get their key here, so that everything about them can be written without another lookup.
FIND_TOUCHED = f"""
ANALYZE import_incoming;
CREATE TEMPORARY TABLE import_touched ON COMMIT DROP AS
SELECT incoming.*, known, person.id IS NULL AS is_new,
       coalesce(person.id, nextval('accompaniment_jobseeker_id_seq')) AS jobseeker_id
FROM import_incoming incoming
LEFT JOIN accompaniment_jobseeker person ON person.identifier = incoming.identifier
LEFT JOIN accompaniment_sourcerecord known ON known.jobseeker_id = person.id
WHERE ({_of("known")}) IS DISTINCT FROM ({_of("incoming")})
ORDER BY incoming.line;
ANALYZE import_touched
"""

# People by primary key, as everywhere. Messages and contacts, which only refer to a person, need not wait.
LOCK_TOUCHED = """
SELECT id FROM accompaniment_jobseeker
WHERE id IN (SELECT jobseeker_id FROM import_touched WHERE NOT is_new) ORDER BY id FOR NO KEY UPDATE
"""

# Among rows that claim one address, its present holder comes first, then the first row. A holder whose own row
# gives another address, or none, gives it up.
FIND_REFUSED_EMAILS = """
CREATE TEMPORARY TABLE import_refused ON COMMIT DROP AS
WITH claims AS MATERIALIZED (
    SELECT touched.line, touched.email, touched.jobseeker_id, person.user_id, person.email AS held
    FROM import_touched touched LEFT JOIN accompaniment_jobseeker person ON person.id = touched.jobseeker_id
    WHERE touched.email IS NOT NULL AND (touched.known).email IS DISTINCT FROM touched.email
)
SELECT line, email FROM (
    SELECT line, email,
           row_number() OVER (PARTITION BY email ORDER BY held IS NOT DISTINCT FROM email DESC, line) AS place
    FROM claims
) in_file WHERE place > 1
UNION
SELECT claims.line, claims.email
FROM claims
JOIN accompaniment_jobseeker holder ON holder.email = claims.email AND holder.id <> claims.jobseeker_id
LEFT JOIN import_touched freed
       ON freed.jobseeker_id = holder.id AND (freed.known).email = holder.email
      AND freed.email IS DISTINCT FROM holder.email
WHERE freed.line IS NULL
UNION
SELECT claims.line, claims.email
FROM claims
JOIN accompaniment_user account ON account.email = claims.email AND account.id IS DISTINCT FROM claims.user_id
"""

REFUSE_EMAILS = """
UPDATE import_touched touched SET email = NULL
FROM import_refused refused WHERE refused.line = touched.line
RETURNING refused.line, refused.email
"""

# An address that was left out does not count as loaded. So the warning is repeated, and the address is accepted once it
# can be.
FORGET_UNCHANGED = f"""
DELETE FROM import_touched touched
WHERE NOT is_new AND ({_of("(touched.known)")}) IS NOT DISTINCT FROM ({_of("touched")})
"""


def _carried_over(column: str) -> str:
    return f"""CASE WHEN touched.known IS NULL OR (touched.known).{column} IS DISTINCT FROM touched.{column}
                    THEN touched.{column} ELSE person.{column} END AS {column}"""


def _if_changed(column: str) -> str:
    return f"CASE WHEN merged.{column} IS DISTINCT FROM person.{column} THEN '{column}' END"


FIND_UPDATES = f"""
CREATE TEMPORARY TABLE import_updates ON COMMIT DROP AS
SELECT * FROM (
    SELECT merged.*, array_remove(ARRAY[{", ".join(_if_changed(column) for column in PERSON_COLUMNS)}], NULL) AS fields
    FROM (
        SELECT person.id AS jobseeker_id, {", ".join(_carried_over(column) for column in PERSON_COLUMNS)}
        FROM import_touched touched JOIN accompaniment_jobseeker person ON person.id = touched.jobseeker_id
        WHERE NOT touched.is_new
    ) merged
    JOIN accompaniment_jobseeker person ON person.id = merged.jobseeker_id
) compared
WHERE fields <> '{{}}'
"""

# A validated or running web track ends with the tier.
FIND_TIER_CHANGES = f"""
CREATE TEMPORARY TABLE import_tier_changes ON COMMIT DROP AS
SELECT touched.jobseeker_id, touched.tier, period.id AS period_id,
       enrolment.id AS enrolment_id, enrolment.state AS enrolment_state
FROM import_touched touched
JOIN accompaniment_accompaniment period ON period.jobseeker_id = touched.jobseeker_id AND period.ended_at IS NULL
LEFT JOIN accompaniment_enrolment enrolment
       ON enrolment.jobseeker_id = touched.jobseeker_id
      AND enrolment.state IN ('{EnrolmentState.VALIDATED}', '{EnrolmentState.ACTIVE}')
WHERE NOT touched.is_new AND (touched.known).tier IS DISTINCT FROM touched.tier AND period.tier <> touched.tier
"""

# The tier is the one before this file. Whether the agency is in another region comes last.
NEW_AGENCIES = """
SELECT updates.jobseeker_id, period.tier, old.region_id <> new.region_id
FROM import_updates updates
JOIN accompaniment_jobseeker person ON person.id = updates.jobseeker_id
JOIN accompaniment_accompaniment period ON period.jobseeker_id = person.id AND period.ended_at IS NULL
JOIN accompaniment_agency former ON former.id = person.agency_id
JOIN accompaniment_departement old ON old.code = former.departement_id
JOIN accompaniment_agency agency ON agency.id = updates.agency_id
JOIN accompaniment_departement new ON new.code = agency.departement_id
WHERE 'agency_id' = ANY (updates.fields)
"""

COUNT_UPDATED = """
SELECT count(*) FROM (
    SELECT jobseeker_id FROM import_updates UNION SELECT jobseeker_id FROM import_tier_changes
) either
"""

KEEP_ADDRESSES = """
CREATE TEMPORARY TABLE import_addresses ON COMMIT DROP AS
SELECT person.id AS jobseeker_id, person.email
FROM import_updates updates JOIN accompaniment_jobseeker person ON person.id = updates.jobseeker_id
WHERE 'email' = ANY (updates.fields) AND (
    person.user_id IS NOT NULL
    OR EXISTS (SELECT FROM accompaniment_notification letter
               WHERE letter.jobseeker_id = person.id AND letter.sent_at IS NULL AND letter.given_up_at IS NULL)
)
"""

CHANGED_ADDRESSES = "SELECT jobseeker_id, email FROM import_addresses"

# Two people may exchange their addresses in one file, so all addresses are given up before any is taken.
FREE_EMAILS = """
UPDATE accompaniment_jobseeker person SET email = NULL
FROM import_updates updates
WHERE updates.jobseeker_id = person.id AND person.email IS NOT NULL AND 'email' = ANY (updates.fields)
"""

UPDATE_PEOPLE = f"""
UPDATE accompaniment_jobseeker person
SET {", ".join(f"{column} = updates.{column}" for column in PERSON_COLUMNS)}, updated_at = %(now)s
FROM import_updates updates WHERE updates.jobseeker_id = person.id
"""

UPDATED_PEOPLE = """
SELECT jobseeker_id, jsonb_build_object('event', 'import', 'fields', to_jsonb(fields)) AS details
FROM import_updates ORDER BY jobseeker_id
"""

CHANGE_TIERS = f"""
UPDATE accompaniment_accompaniment SET ended_at = %(now)s WHERE id IN (SELECT period_id FROM import_tier_changes);
INSERT INTO accompaniment_accompaniment (jobseeker_id, tier, track, started_at, decided_by_id, reason)
SELECT jobseeker_id, tier, '{Track.CLASSIC}', %(now)s, %(actor)s, '{TIER_REASON.replace("'", "''")}'
FROM import_tier_changes ORDER BY jobseeker_id
"""

CHANGED_TIERS = f"""
SELECT jobseeker_id, jsonb_build_object(
    'event', 'import', 'tier', tier, 'track', '{Track.CLASSIC}', 'reason', '{TIER_REASON.replace("'", "''")}'
) AS details
FROM import_tier_changes ORDER BY jobseeker_id
"""

NEW_TIERS = "SELECT jobseeker_id, tier FROM import_tier_changes"

CLOSED_WITH_THE_TIER = """
SELECT jobseeker_id, enrolment_state FROM import_tier_changes WHERE enrolment_id IS NOT NULL
"""

# For each person the same as `services.enrolments.tiers.change_tier`.
TELL_NEW_TIERS = """
INSERT INTO accompaniment_notification
    (key, kind, user_id, jobseeker_id, email, context, created_at, next_try_at, attempts, last_error)
SELECT 'tier-changed:' || period.id, %(kind)s, person.user_id, person.id, person.email,
       jsonb_build_object(
           'first_name', person.first_name, 'tier', %(labels)s::jsonb ->> period.tier,
           'told', %(told)s::jsonb ->> period.tier, 'reason', '',
           'track_ended', changes.enrolment_state IS NOT DISTINCT FROM %(active)s,
           'enrolment_lapsed', changes.enrolment_state IS NOT DISTINCT FROM %(validated)s
       ),
       %(now)s, %(now)s, 0, ''
FROM import_tier_changes changes
JOIN accompaniment_jobseeker person ON person.id = changes.jobseeker_id
JOIN accompaniment_accompaniment period ON period.jobseeker_id = person.id AND period.ended_at IS NULL
WHERE person.email IS NOT NULL
ORDER BY person.id
ON CONFLICT DO NOTHING
"""

CHANGED_WITH_PLAN = """
SELECT period.id FROM import_tier_changes changes
JOIN accompaniment_accompaniment period ON period.jobseeker_id = changes.jobseeker_id AND period.ended_at IS NULL
JOIN accompaniment_contactplan plan ON plan.jobseeker_id = changes.jobseeker_id AND plan.ended_on IS NULL
"""

CREATE_PEOPLE = f"""
INSERT INTO accompaniment_jobseeker
    (id, identifier, {_NAMES}, preferred_channel, preferred_hours, created_at, updated_at)
SELECT jobseeker_id, identifier, {_NAMES}, '', '', %(now)s, %(now)s FROM import_touched WHERE is_new ORDER BY line
"""

# In ascending order each period would widen every page of the exclusion constraint's index on its way, which takes half
# as long again. So every 31st period is written first, then those after them.
BEGIN_ACCOMPANIMENTS = f"""
INSERT INTO accompaniment_accompaniment (jobseeker_id, tier, track, started_at, decided_by_id, reason)
SELECT touched.jobseeker_id, touched.tier, '{Track.CLASSIC}',
       touched.registered_on::timestamp AT TIME ZONE region.timezone, %(actor)s, '{FIRST_REASON}'
FROM import_touched touched
JOIN accompaniment_agency agency ON agency.id = touched.agency_id
JOIN accompaniment_departement departement ON departement.code = agency.departement_id
JOIN accompaniment_region region ON region.code = departement.region_id
WHERE touched.is_new ORDER BY touched.line %% {STRIDE}
"""

CREATED_PEOPLE = """
SELECT jobseeker_id, '{"event": "import"}'::jsonb AS details FROM import_touched WHERE is_new ORDER BY line
"""

REMEMBER = f"""
INSERT INTO accompaniment_sourcerecord (jobseeker_id, loaded_at, {", ".join(REMEMBERED)})
SELECT jobseeker_id, %(now)s, {", ".join(REMEMBERED)} FROM import_touched ORDER BY line
ON CONFLICT (jobseeker_id) DO UPDATE
SET loaded_at = excluded.loaded_at, {", ".join(f"{column} = excluded.{column}" for column in REMEMBERED)}
"""

# The conditions are in the order of `rules.tracks.not_eligible_reasons`. A test compares the two.
FIND_VOLUNTEERS = f"""
CREATE TEMPORARY TABLE import_volunteers ON COMMIT DROP AS
SELECT person.id AS jobseeker_id, person.has_webcam, person.bandwidth,
       person.registered_on::timestamp AT TIME ZONE region.timezone AS asked_at,
       CASE WHEN period.tier <> '{Tier.GUIDE}' THEN 'modalite'
            WHEN region.web_opens_on IS NULL
                 OR greatest(region.web_opens_on, agency.web_opens_on) > person.registered_on THEN 'region'
            WHEN person.email IS NULL THEN 'email'
       END AS not_eligible
FROM import_touched touched
JOIN accompaniment_jobseeker person ON person.id = touched.jobseeker_id
JOIN accompaniment_accompaniment period ON period.jobseeker_id = person.id AND period.ended_at IS NULL
JOIN accompaniment_agency agency ON agency.id = person.agency_id
JOIN accompaniment_departement departement ON departement.code = agency.departement_id
JOIN accompaniment_region region ON region.code = departement.region_id
WHERE person.volunteers
  AND NOT EXISTS (SELECT FROM accompaniment_enrolment enrolment WHERE enrolment.jobseeker_id = person.id)
"""

COUNT_NOT_ELIGIBLE = """
SELECT not_eligible, count(*) FROM import_volunteers WHERE not_eligible IS NOT NULL GROUP BY not_eligible
"""

ENROL = f"""
WITH asked AS (
    INSERT INTO accompaniment_enrolment
        (jobseeker_id, state, asked_at, has_webcam, bandwidth, refusal_reason, leaving_reason, comment)
    SELECT jobseeker_id, '{EnrolmentState.ASKED}', asked_at, has_webcam, bandwidth, '', '', ''
    FROM import_volunteers WHERE not_eligible IS NULL ORDER BY jobseeker_id
    RETURNING id
)
INSERT INTO accompaniment_enrolmentevent (enrolment_id, at, actor_id, from_state, to_state)
SELECT id, %(now)s, %(actor)s, '', '{EnrolmentState.ASKED}' FROM asked
"""

ENROLLED_PEOPLE = f"""
SELECT enrolment.jobseeker_id,
       jsonb_build_object('enrolment', enrolment.id, 'from_state', '', 'to_state', enrolment.state) AS details
FROM import_volunteers volunteers
JOIN accompaniment_enrolment enrolment ON enrolment.jobseeker_id = volunteers.jobseeker_id
WHERE volunteers.not_eligible IS NULL AND enrolment.state = '{EnrolmentState.ASKED}'
ORDER BY enrolment.id
"""
