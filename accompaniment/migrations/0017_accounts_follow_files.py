"""A person's file owns the name and, until there is a password, the address that the account bears."""

from django.db import migrations

MEND = """
UPDATE accompaniment_user account SET last_name = person.last_name, first_name = person.first_name
FROM accompaniment_jobseeker person
WHERE person.user_id = account.id
  AND (account.last_name, account.first_name) IS DISTINCT FROM (person.last_name, person.first_name);

-- An address that opens another account by now stays with it: nobody has opened the one without a password.
UPDATE accompaniment_user account SET email = 'sans-adresse-' || account.id || '@compte.invalid'
FROM accompaniment_jobseeker person
WHERE person.user_id = account.id AND account.password LIKE '!%' AND account.email IS DISTINCT FROM person.email;
UPDATE accompaniment_jobseeker person SET email = NULL
FROM accompaniment_user account, accompaniment_user other
WHERE person.user_id = account.id AND account.email LIKE 'sans-adresse-%' AND other.email = person.email;
UPDATE accompaniment_user account SET email = person.email
FROM accompaniment_jobseeker person
WHERE person.user_id = account.id AND account.email LIKE 'sans-adresse-%' AND person.email IS NOT NULL;
DELETE FROM accompaniment_activationlink link USING accompaniment_user account
WHERE link.user_id = account.id AND link.used_at IS NULL AND account.email LIKE 'sans-adresse-%';
"""

FOLLOW = """
CREATE FUNCTION account_bears_the_name_of_its_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accompaniment_user SET last_name = NEW.last_name, first_name = NEW.first_name
    WHERE id = NEW.user_id AND (last_name, first_name) IS DISTINCT FROM (NEW.last_name, NEW.first_name);
    RETURN NULL;
END $$;
CREATE TRIGGER account_bears_the_name_of_its_file
    AFTER INSERT OR UPDATE OF last_name, first_name, user_id ON accompaniment_jobseeker
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION account_bears_the_name_of_its_file();

-- At the end of each transaction an account that has no password yet has the address of its file.
CREATE FUNCTION account_has_the_address_of_its_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint;
BEGIN
    IF TG_TABLE_NAME = 'accompaniment_jobseeker' THEN
        checked := NEW.user_id;
    ELSE
        checked := NEW.id;
    END IF;
    IF EXISTS (
        SELECT FROM accompaniment_user account
        JOIN accompaniment_jobseeker person ON person.user_id = account.id
        WHERE account.id = checked AND account.password LIKE '!%'
          AND account.email <> coalesce(person.email, 'sans-adresse-' || account.id || '@compte.invalid')
    ) THEN
        RAISE EXCEPTION 'account % has no password and another address than its file', checked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_has_the_address_of_its_file';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER account_has_the_address_of_its_file
    AFTER INSERT OR UPDATE OF email, user_id ON accompaniment_jobseeker
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION account_has_the_address_of_its_file();
CREATE CONSTRAINT TRIGGER account_has_the_address_of_its_file
    AFTER UPDATE OF email, password ON accompaniment_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_has_the_address_of_its_file();
"""

DROP = """
DROP TRIGGER account_has_the_address_of_its_file ON accompaniment_user;
DROP TRIGGER account_has_the_address_of_its_file ON accompaniment_jobseeker;
DROP FUNCTION account_has_the_address_of_its_file();
DROP TRIGGER account_bears_the_name_of_its_file ON accompaniment_jobseeker;
DROP FUNCTION account_bears_the_name_of_its_file();
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0016_address_changes")]

    operations = [migrations.RunSQL(MEND, migrations.RunSQL.noop), migrations.RunSQL(FOLLOW, DROP)]
