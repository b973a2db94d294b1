"""History and the application's own database role: it may read and add, but change nothing and disable no guard."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from accompaniment.models import AuditEntry, Jobseeker
from accompaniment.services.imports.jobseekers import OTHER_TABLES, PEOPLE_TABLES
from accompaniment.services.imports.transactions import MANY_ROWS, refresh_statistics
from config.checks import ROLE_IS_TOO_STRONG, history_is_out_of_reach
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory, consent_text_in_force, plan_defaults
from tests.caseload.factories import PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db

ROLE = "application of the test"

REFUSED = (
    "UPDATE {table} SET id = id",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER append_only",
    "DROP TRIGGER append_only ON {table}",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def acting_as_the_application() -> Iterator[None]:
    run(f'SET LOCAL ROLE "{ROLE}"')
    try:
        yield
    finally:
        run("RESET ROLE")


@pytest.fixture
def tables() -> list[str]:
    """The tables of history, which the role may not change."""
    run(f'CREATE ROLE "{ROLE}"')
    out = StringIO()
    call_command("restrict_database_role", ROLE, stdout=out)
    return out.getvalue().strip().split(": ")[1].split(", ")


def test_every_way_to_change_history_is_refused(tables: list[str]) -> None:
    on_web_track()
    assert {"accompaniment_auditentry", "accompaniment_enrolmentevent", "accompaniment_consenttext"} <= set(tables)
    rows = AuditEntry.objects.count()
    with acting_as_the_application():
        for statement in [form.format(table=table) for table in tables for form in REFUSED]:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                run(statement)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run("SET session_replication_role = replica")
        assert AuditEntry.objects.count() == rows > 0


def test_an_acceptance_is_only_withdrawn(tables: list[str]) -> None:
    del tables
    on_web_track()
    with acting_as_the_application():
        for statement in (
            "UPDATE accompaniment_consent SET accepted_at = accepted_at - interval '1 year'",
            "UPDATE accompaniment_consent SET shown = 'Autre chose.'",
            "DELETE FROM accompaniment_consent",
        ):
            with pytest.raises(IntegrityError, match=r"can only be withdrawn|append-only"), transaction.atomic():
                run(statement)
        for statement in (
            "TRUNCATE accompaniment_consent CASCADE",
            "ALTER TABLE accompaniment_consent DISABLE TRIGGER consent_is_only_withdrawn",
        ):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                run(statement)
        run("UPDATE accompaniment_consent SET withdrawn_at = clock_timestamp()")


def test_the_ordinary_work_goes_on(tables: list[str]) -> None:
    del tables
    portfolio = PortfolioFactory()
    consent_text_in_force()
    plan_defaults()
    before = AuditEntry.objects.count()
    with acting_as_the_application():
        person = on_web_track(portfolio)
        assert person.accompaniments.filter(ended_at=None, track="web").exists()
        assert AuditEntry.objects.count() > before


def test_an_address_is_written_without_a_right_to_the_claims(tables: list[str]) -> None:
    """Kind: a trigger that needs more rights than its statement, in the time between a migration and the next grant."""
    del tables
    person = JobseekerFactory(with_account=True)
    other = AdviserUserFactory()
    run(f'REVOKE ALL ON accompaniment_addressclaim FROM "{ROLE}"')
    with acting_as_the_application():
        Jobseeker.objects.filter(pk=person.pk).update(email="nouvelle@exemple.fr")
        with pytest.raises(IntegrityError, match="somebody else"), transaction.atomic():
            Jobseeker.objects.filter(pk=person.pk).update(email=other.email)


def test_no_temporary_table_takes_the_place_of_the_claims(tables: list[str]) -> None:
    """Kind: a function with the owner's rights that the role can make use a table of its own."""
    del tables
    person = JobseekerFactory(with_account=True)
    with acting_as_the_application():
        run("CREATE TEMPORARY TABLE accompaniment_addressclaim (key bigint PRIMARY KEY)")
        run(
            "CREATE FUNCTION pg_temp.led_elsewhere() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE 'as the owner'; END $$"
        )
        run(
            "CREATE TRIGGER led_elsewhere BEFORE INSERT ON pg_temp.accompaniment_addressclaim "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.led_elsewhere()"
        )
        run("GRANT ALL ON pg_temp.accompaniment_addressclaim TO PUBLIC")
        assert Jobseeker.objects.filter(pk=person.pk).update(email="nouvelle@exemple.fr") == 1
    # The control: if temporary tables are not named last in the search path, the trigger fires.
    run("ALTER FUNCTION refuse_addresses_of_others(text[]) SET search_path = public")
    with acting_as_the_application(), pytest.raises(DatabaseError, match="as the owner"), transaction.atomic():
        Jobseeker.objects.filter(pk=person.pk).update(email="autre@exemple.fr")


def known_people() -> int:
    """Return the number of people as the planner estimates it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'accompaniment_jobseeker'::regclass")
        return int(cursor.fetchone()[0])


def test_a_load_refreshes_the_statistics_under_the_role(tables: list[str]) -> None:
    del tables
    for _ in range(3):
        JobseekerFactory()
    everything = {"written": MANY_ROWS, "tables": (*PEOPLE_TABLES, *OTHER_TABLES)}
    with acting_as_the_application():
        refresh_statistics(**everything)
    assert known_people() == 3 == Jobseeker.objects.count()
    JobseekerFactory()
    run(f'REVOKE MAINTAIN ON ALL TABLES IN SCHEMA public FROM "{ROLE}"')
    with acting_as_the_application():
        refresh_statistics(**everything)
    assert known_people() == 3


def test_the_check_warns_of_a_role_that_could(tables: list[str]) -> None:
    (warning,) = history_is_out_of_reach(databases=["default"])
    assert warning.id == ROLE_IS_TOO_STRONG
    assert "superuser" in warning.msg
    with acting_as_the_application():
        assert history_is_out_of_reach(databases=["default"]) == []
    run(f'GRANT UPDATE ON {tables[0]} TO "{ROLE}"')
    with acting_as_the_application():
        (warning,) = history_is_out_of_reach(databases=["default"])
    assert "may change or delete" in warning.msg
    run(f'ALTER TABLE {tables[0]} OWNER TO "{ROLE}"')
    with acting_as_the_application():
        (warning,) = history_is_out_of_reach(databases=["default"])
    assert f"owns {tables[0]}" in warning.msg


def test_a_role_that_no_grant_holds_back_is_refused(tables: list[str]) -> None:
    with pytest.raises(CommandError, match="n'existe pas"):
        call_command("restrict_database_role", "nobody of this name")
    run(f'ALTER TABLE {tables[0]} OWNER TO "{ROLE}"')
    with pytest.raises(CommandError, match="possède des tables"):
        call_command("restrict_database_role", ROLE)
    run(f'ALTER ROLE "{ROLE}" SUPERUSER')
    with pytest.raises(CommandError, match="superutilisateur"):
        call_command("restrict_database_role", ROLE)
