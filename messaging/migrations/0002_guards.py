"""Rows that are never changed nor deleted."""

from django.db import migrations

APPEND_ONLY_TABLES = ("messaging_message", "messaging_callbackevent", "messaging_delivery")


def append_only(table: str) -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on a table; `refuse_change` stands on the ground floor."""
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
    dependencies = [("messaging", "0001_initial"), ("accompaniment", "0002_guards")]

    operations = [append_only(table) for table in APPEND_ONLY_TABLES]
