"""Names are searched without accents and with typing errors, through one trigram index instead of two columns."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations

from accompaniment.models.search import PlainName

# The body is bound to `unaccent` and its dictionary when it is read here, so it means the same whatever the search
# path. `unaccent` calls itself stable because its dictionary's file could change; ours comes with PostgreSQL.
PLAIN_NAME = """
CREATE FUNCTION plain_name(last_name text, first_name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent'::regdictionary, last_name || ' ' || first_name))
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0006_registration")]

    operations = [
        migrations.RunSQL(PLAIN_NAME, "DROP FUNCTION plain_name(text, text)"),
        migrations.RemoveIndex("jobseeker", "jobseeker_name_trigram"),
        migrations.AddIndex(
            "jobseeker",
            GinIndex(OpClass(PlainName("last_name", "first_name"), "gin_trgm_ops"), name="jobseeker_plain_name"),
        ),
    ]
