"""The address of a person's file opens nobody else's account, whoever writes either of the two at once."""

from django.db import migrations

GUARD = """
-- Of two transactions that write the same address, the later one waits and then sees what the earlier one wrote. A
-- unique index makes it wait, because both add the same key. An index belongs to one table, so this table exists for its
-- index alone. Each row is deleted at once; others still wait for its transaction, and no row is ever left to read.
CREATE UNLOGGED TABLE accompaniment_addressclaim (key bigint PRIMARY KEY);

-- As the owner of the tables, so that a release that still runs while this one migrates needs no right to the new table.
-- By the index alone: a plan that was made while the table was small would go on reading the whole table.
CREATE FUNCTION refuse_addresses_of_others(written text[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off AS $$
DECLARE
    -- In one order, so that two sets never wait for each other.
    keys bigint[] := ARRAY(
        SELECT DISTINCT hashtextextended(address, 0) FROM unnest(written) address WHERE address IS NOT NULL ORDER BY 1
    );
BEGIN
    INSERT INTO accompaniment_addressclaim SELECT unnest(keys);
    DELETE FROM accompaniment_addressclaim WHERE key = ANY (keys);
    -- A person's new account is nobody's until it is tied to the file, later in the same transaction.
    IF EXISTS (
        SELECT FROM unnest(written) address
        JOIN accompaniment_user account ON account.email = address
        JOIN accompaniment_jobseeker person ON person.email = address
        WHERE person.user_id IS DISTINCT FROM account.id AND (
            account.role <> 'jobseeker'
            OR EXISTS (SELECT FROM accompaniment_jobseeker owner WHERE owner.user_id = account.id)
        )
    ) THEN
        RAISE EXCEPTION 'the address of a file opens the account of somebody else'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'address_opens_no_other_account';
    END IF;
END $$;

CREATE FUNCTION address_of_account_is_its_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_addresses_of_others(ARRAY[NEW.email]);
    RETURN NULL;
END $$;
CREATE TRIGGER address_opens_no_other_account AFTER INSERT OR UPDATE OF email, role ON accompaniment_user
    FOR EACH ROW EXECUTE FUNCTION address_of_account_is_its_own();

CREATE FUNCTION address_of_file_is_its_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_addresses_of_others(
        ARRAY[NEW.email, (SELECT email FROM accompaniment_user WHERE id = NEW.user_id)]
    );
    RETURN NULL;
END $$;
CREATE TRIGGER address_opens_no_other_account AFTER UPDATE OF email, user_id ON accompaniment_jobseeker
    FOR EACH ROW WHEN ((NEW.email, NEW.user_id) IS DISTINCT FROM (OLD.email, OLD.user_id))
    EXECUTE FUNCTION address_of_file_is_its_own();

-- Files come by the hundred thousand, so all that are new are looked at together.
CREATE FUNCTION addresses_of_new_files_are_their_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_addresses_of_others(array_agg(address)) FROM (
        SELECT email AS address FROM written
        UNION ALL
        SELECT account.email FROM written JOIN accompaniment_user account ON account.id = written.user_id
    ) addresses;
    RETURN NULL;
END $$;
CREATE TRIGGER new_addresses_open_no_other_account AFTER INSERT ON accompaniment_jobseeker
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION addresses_of_new_files_are_their_own();
"""

DROP = """
DROP TRIGGER new_addresses_open_no_other_account ON accompaniment_jobseeker;
DROP TRIGGER address_opens_no_other_account ON accompaniment_jobseeker;
DROP TRIGGER address_opens_no_other_account ON accompaniment_user;
DROP FUNCTION addresses_of_new_files_are_their_own();
DROP FUNCTION address_of_file_is_its_own();
DROP FUNCTION address_of_account_is_its_own();
DROP FUNCTION refuse_addresses_of_others(text[]);
DROP TABLE accompaniment_addressclaim;
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0022_messages_without_sentence")]

    operations = [migrations.RunSQL(GUARD, DROP)]
