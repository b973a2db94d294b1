"""What Django's constraints cannot say: rows that are never changed, and histories that are only appended."""

from django.db import migrations

APPEND_ONLY_TABLES = ("accompaniment_auditentry", "accompaniment_enrolmentevent", "accompaniment_consenttext")

GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

-- A period of accompaniment is ended once; nothing else of it ever changes.
CREATE FUNCTION accompaniment_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL
       OR (NEW.id, NEW.jobseeker_id, NEW.tier, NEW.track, NEW.enrolment_id, NEW.started_at, NEW.decided_by_id, NEW.reason)
          IS DISTINCT FROM
          (OLD.id, OLD.jobseeker_id, OLD.tier, OLD.track, OLD.enrolment_id, OLD.started_at, OLD.decided_by_id, OLD.reason)
    THEN
        RAISE EXCEPTION 'a period of accompaniment can only be ended, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accompaniment_only_ends BEFORE UPDATE ON accompaniment_accompaniment
    FOR EACH ROW EXECUTE FUNCTION accompaniment_only_ends();
CREATE TRIGGER accompaniment_never_deleted BEFORE DELETE ON accompaniment_accompaniment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- At the end of each transaction a person has a current accompaniment ("exactly one", with the partial
-- unique index that forbids two).
CREATE FUNCTION jobseeker_has_accompaniment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    person bigint;
BEGIN
    IF TG_TABLE_NAME = 'accompaniment_jobseeker' THEN
        person := NEW.id;
    ELSE
        person := NEW.jobseeker_id;
    END IF;
    IF NOT EXISTS (
        SELECT FROM accompaniment_accompaniment a WHERE a.jobseeker_id = person AND a.ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'jobseeker % has no current accompaniment', person
            USING ERRCODE = 'check_violation', CONSTRAINT = 'jobseeker_has_accompaniment';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER jobseeker_has_accompaniment AFTER INSERT ON accompaniment_jobseeker
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION jobseeker_has_accompaniment();
CREATE CONSTRAINT TRIGGER accompaniment_is_followed AFTER UPDATE ON accompaniment_accompaniment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION jobseeker_has_accompaniment();
"""

DROP = """
DROP TRIGGER accompaniment_is_followed ON accompaniment_accompaniment;
DROP TRIGGER jobseeker_has_accompaniment ON accompaniment_jobseeker;
DROP FUNCTION jobseeker_has_accompaniment();
DROP TRIGGER accompaniment_never_deleted ON accompaniment_accompaniment;
DROP TRIGGER accompaniment_only_ends ON accompaniment_accompaniment;
DROP FUNCTION accompaniment_only_ends();
DROP FUNCTION refuse_change();
"""


def append_only(table: str) -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on a table."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"DROP TRIGGER never_truncated ON {table}; DROP TRIGGER append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARDS, DROP),
        *(append_only(table) for table in APPEND_ONLY_TABLES),
    ]
