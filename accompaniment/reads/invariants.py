"""What must always hold of people, their accompaniment and their account, looked for in the live data."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection

from accompaniment.hooks.invariants import InvariantCheck


def rows(sql: str) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a query; a check that finds nothing yields nothing."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        yield from cursor.fetchall()


def one_current_accompaniment() -> Iterator[str]:
    """Invariant 1: exactly one current period, and periods that never overlap."""
    for identifier, count in rows("""
        SELECT person.identifier, count(period.id) FROM accompaniment_jobseeker person
        LEFT JOIN accompaniment_accompaniment period ON period.jobseeker_id = person.id AND period.ended_at IS NULL
        GROUP BY person.id HAVING count(period.id) <> 1
    """):
        yield f"jobseeker {identifier} has {count} current accompaniments"
    for identifier, first, second in rows("""
        SELECT person.identifier, one.id, two.id FROM accompaniment_accompaniment one
        JOIN accompaniment_accompaniment two ON two.jobseeker_id = one.jobseeker_id AND two.id > one.id
             AND tstzrange(one.started_at, one.ended_at) && tstzrange(two.started_at, two.ended_at)
        JOIN accompaniment_jobseeker person ON person.id = one.jobseeker_id
    """):
        yield f"accompaniments {first} and {second} of jobseeker {identifier} overlap"


def account_follows_its_file() -> Iterator[str]:
    """An account has the name of its file, and until it has a password also the e-mail address of the file."""
    for (identifier,) in rows("""
        SELECT person.identifier FROM accompaniment_jobseeker person
        JOIN accompaniment_user account ON account.id = person.user_id
        WHERE (account.last_name, account.first_name) IS DISTINCT FROM (person.last_name, person.first_name)
    """):
        yield f"the account of jobseeker {identifier} has another name than the file"
    for (identifier,) in rows("""
        SELECT person.identifier FROM accompaniment_jobseeker person
        JOIN accompaniment_user account ON account.id = person.user_id
        WHERE account.password LIKE '!%'
          AND account.email <> coalesce(person.email, 'sans-adresse-' || account.id || '@compte.invalid')
    """):
        yield f"the account of jobseeker {identifier} has no password and another address than the file"


def address_opens_no_other_account() -> Iterator[str]:
    """The address of a person's file opens that person's account or no account, never somebody else's."""
    for identifier, account in rows("""
        SELECT person.identifier, account.id FROM accompaniment_jobseeker person
        JOIN accompaniment_user account ON account.email = person.email
        WHERE person.user_id IS DISTINCT FROM account.id AND (
            account.role <> 'jobseeker'
            OR EXISTS (SELECT FROM accompaniment_jobseeker owner WHERE owner.user_id = account.id)
        )
    """):
        yield f"the address of jobseeker {identifier} opens account {account}, which is somebody else's"


def web_only_with_guide() -> Iterator[str]:
    """Invariants 2 and 5: the web track exists only with tier guidé and an active enrolment."""
    for (identifier,) in rows("""
        SELECT person.identifier FROM accompaniment_accompaniment period
        JOIN accompaniment_jobseeker person ON person.id = period.jobseeker_id
        WHERE period.track = 'web' AND period.tier <> 'guide'
    """):
        yield f"jobseeker {identifier} is on the web track outside tier guidé"


def web_from_an_enrolment_that_holds() -> Iterator[str]:
    """Invariant 3: acceptance, validation at the interview, open region and equipment, all on the day it began."""
    for identifier, enrolment in rows("""
        SELECT person.identifier, enrolment.id FROM accompaniment_accompaniment period
        JOIN accompaniment_jobseeker person ON person.id = period.jobseeker_id
        JOIN accompaniment_enrolment enrolment ON enrolment.id = period.enrolment_id
        LEFT JOIN accompaniment_consent consent ON consent.id = enrolment.consent_id
        LEFT JOIN accompaniment_registrationinterview interview ON interview.id = enrolment.interview_id
        WHERE period.track = 'web' AND (
            consent.id IS NULL OR consent.jobseeker_id <> person.id OR consent.accepted_at > period.started_at
            OR interview.concluded_at IS NULL OR interview.jobseeker_id <> person.id
            OR enrolment.validated_at IS NULL OR enrolment.equipment_declared_at IS NULL
            OR enrolment.jobseeker_id <> person.id
            OR (period.ended_at IS NULL) <> (enrolment.state = 'active')
        )
    """):
        yield f"web track of jobseeker {identifier} stands on enrolment {enrolment}, which does not hold"
    for (identifier,) in rows("""
        SELECT person.identifier FROM accompaniment_accompaniment period
        JOIN accompaniment_jobseeker person ON person.id = period.jobseeker_id
        WHERE period.track = 'web' AND period.ended_at IS NULL AND NOT EXISTS (
            SELECT FROM accompaniment_consent consent
            WHERE consent.jobseeker_id = person.id AND consent.withdrawn_at IS NULL
        )
    """):
        yield f"jobseeker {identifier} is on the web track without an acceptance that stands"
    for identifier, region in rows("""
        SELECT person.identifier, region.name FROM accompaniment_enrolment enrolment
        JOIN accompaniment_jobseeker person ON person.id = enrolment.jobseeker_id
        JOIN accompaniment_registrationinterview interview ON interview.id = enrolment.interview_id
        JOIN accompaniment_agency agency ON agency.id = interview.agency_id
        JOIN accompaniment_departement departement ON departement.code = agency.departement_id
        JOIN accompaniment_region region ON region.code = departement.region_id
        WHERE enrolment.validated_at IS NOT NULL AND (
            region.web_opens_on IS NULL
            OR greatest(region.web_opens_on, agency.web_opens_on)
               > (enrolment.validated_at AT TIME ZONE region.timezone)::date
        )
    """):
        yield f"enrolment of jobseeker {identifier} was validated before {region} opened"
    for identifier, enrolment in rows("""
        SELECT person.identifier, enrolment.id FROM accompaniment_enrolment enrolment
        JOIN accompaniment_jobseeker person ON person.id = enrolment.jobseeker_id
        WHERE enrolment.state = 'active' AND NOT EXISTS (
            SELECT FROM accompaniment_accompaniment period
            WHERE period.enrolment_id = enrolment.id AND period.ended_at IS NULL
        )
    """):
        yield f"enrolment {enrolment} of jobseeker {identifier} is active without a web track"


def enrolment_has_its_history() -> Iterator[str]:
    """The state of each enrolment is that of its last event."""
    for enrolment, state in rows("""
        SELECT enrolment.id, enrolment.state FROM accompaniment_enrolment enrolment
        WHERE enrolment.state IS DISTINCT FROM (
            SELECT event.to_state FROM accompaniment_enrolmentevent event
            WHERE event.enrolment_id = enrolment.id ORDER BY event.id DESC LIMIT 1
        )
    """):
        yield f"enrolment {enrolment} is {state}, which its events do not say"


def obligations_never_overlap() -> Iterator[str]:
    """Invariant 9: one obligation per jobseeker, kind and period; periods never overlap, waived ones aside."""
    for identifier, first, second in rows("""
        SELECT person.identifier, one.id, two.id FROM accompaniment_obligation one
        JOIN accompaniment_obligation two ON two.jobseeker_id = one.jobseeker_id AND two.kind = one.kind
             AND two.id > one.id AND one.period && two.period AND one.state <> 'waived' AND two.state <> 'waived'
        JOIN accompaniment_jobseeker person ON person.id = one.jobseeker_id
    """):
        yield f"obligations {first} and {second} of jobseeker {identifier} overlap"


def wishes_are_taken_back_by_the_person() -> Iterator[str]:
    """Invariant 8: a withdrawn request was withdrawn by the person, and was not answered."""
    for table in ("onsiterequest", "planrequest"):
        for identifier, request in rows(f"""
            SELECT person.identifier, request.id FROM accompaniment_{table} request
            JOIN accompaniment_jobseeker person ON person.id = request.jobseeker_id
            WHERE request.withdrawn_at IS NOT NULL
              AND (request.answered_at IS NOT NULL OR request.withdrawn_by_id IS DISTINCT FROM person.user_id)
        """):  # noqa: S608  (our own names)
            yield f"{table} {request} of jobseeker {identifier} was not taken back by the person, or was answered too"


def noted_contacts_are_whole() -> Iterator[str]:
    """A contact that an adviser noted is in the record of who did what, under the same hand."""
    for identifier, contact in rows("""
        SELECT person.identifier, contact.id FROM accompaniment_contact contact
        JOIN accompaniment_jobseeker person ON person.id = contact.jobseeker_id
        WHERE contact.began_by <> '' AND NOT EXISTS (
            SELECT FROM accompaniment_auditentry entry
            WHERE entry.jobseeker_id = contact.jobseeker_id AND entry.actor_id = contact.author_id
              AND entry.action = 'contact_noted' AND (entry.details ->> 'contact')::bigint = contact.id
        )
    """):
        yield f"contact {contact} of jobseeker {identifier} was noted, which no record says"


GUARDS_IN_PLACE = """
    SELECT class.relname, guard.tgname, concat_ws(' OR ',
        CASE WHEN tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN tgtype & 16 > 0 THEN 'UPDATE' END,
        CASE WHEN tgtype & 8 > 0 THEN 'DELETE' END, CASE WHEN tgtype & 32 > 0 THEN 'TRUNCATE' END)
    FROM pg_trigger guard JOIN pg_class class ON class.oid = guard.tgrelid
    WHERE class.relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgenabled IN ('O', 'A')
"""
"""The active triggers with their table and events. The numbers are those of PostgreSQL's `pg_trigger.h`."""


def declared_guards() -> set[tuple[str, str, str]]:
    """Return the table, name and events of each trigger that a model declares (`accompaniment.models.guards`)."""
    return {
        (model._meta.db_table, trigger, events)
        for model in apps.get_models()
        for trigger, events in getattr(model, "guards", {}).items()
    }


def guards_are_in_place() -> Iterator[str]:
    """Every declared trigger exists, is enabled and acts on its events: those for histories, addresses and counts."""
    for table, trigger, events in sorted(declared_guards() - set(rows(GUARDS_IN_PLACE))):
        yield f"the trigger {trigger} of {table} is missing, disabled, or does not act on {events}"


GROUND_CHECKS: tuple[InvariantCheck, ...] = (
    account_follows_its_file,
    address_opens_no_other_account,
    one_current_accompaniment,
    web_only_with_guide,
    web_from_an_enrolment_that_holds,
    enrolment_has_its_history,
    obligations_never_overlap,
    wishes_are_taken_back_by_the_person,
    noted_contacts_are_whole,
    guards_are_in_place,
)
