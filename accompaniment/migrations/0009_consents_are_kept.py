"""An acceptance is evidence: it is withdrawn, once, and nothing else of it ever changes."""

from django.db import migrations

GUARD = """
CREATE FUNCTION consent_is_only_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL
       OR (NEW.id, NEW.jobseeker_id, NEW.text_id, NEW.accepted_at, NEW.shown)
          IS DISTINCT FROM (OLD.id, OLD.jobseeker_id, OLD.text_id, OLD.accepted_at, OLD.shown)
    THEN
        RAISE EXCEPTION 'an acceptance can only be withdrawn, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_is_only_withdrawn BEFORE UPDATE ON accompaniment_consent
    FOR EACH ROW EXECUTE FUNCTION consent_is_only_withdrawn();
CREATE TRIGGER consent_is_never_deleted BEFORE DELETE ON accompaniment_consent
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON accompaniment_consent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
DROP = """
DROP TRIGGER never_truncated ON accompaniment_consent;
DROP TRIGGER consent_is_never_deleted ON accompaniment_consent;
DROP TRIGGER consent_is_only_withdrawn ON accompaniment_consent;
DROP FUNCTION consent_is_only_withdrawn();
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0008_lean_indexes")]

    operations = [migrations.RunSQL(GUARD, DROP)]
