"""A function that acts as the owner of the tables must never be shown a temporary table in the place of one of them.

Temporary tables are searched first unless the path names them. Whoever may create one could let the owner fire its
triggers, and so switch off what protects the histories.
"""

from django.db import migrations

PATH = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION refuse_addresses_of_others(text[]) SET search_path = %I, pg_temp', current_schema());
END $$;
"""
BACK = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION refuse_addresses_of_others(text[]) SET search_path = %I', current_schema());
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0026_agency_phone")]

    operations = [migrations.RunSQL(PATH, BACK)]
