"""What migrations share; Django takes no file whose name begins with an underscore for a migration."""

from django.db import migrations


def never_truncated(table: str) -> migrations.RunSQL:
    """Refuse TRUNCATE on a table."""
    return migrations.RunSQL(
        f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        f"DROP TRIGGER never_truncated ON {table}",
    )


def append_only(table: str) -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on a table."""
    truncated = never_truncated(table)
    return migrations.RunSQL(
        [
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            truncated.sql,
        ],
        [truncated.reverse_sql, f"DROP TRIGGER append_only ON {table}"],
    )
