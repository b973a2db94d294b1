"""The rights of the application's database role on the tables of history.

Triggers refuse every change of them, but the owner of a table can switch its triggers off. In production the tables
therefore belong to the role that migrates, and the application's own role may only read and add.
"""

from typing import Any

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from accompaniment.models.guards import AppendOnly
from accompaniment.rules.errors import DomainError

ROLE = "SELECT rolsuper, rolname = current_user FROM pg_roles WHERE rolname = %s"
OWNED = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'S')
  AND pg_has_role(%s, relowner, 'MEMBER') ORDER BY relname
"""
WEAK = """
SELECT class.relname,
       pg_has_role(current_user, class.relowner, 'MEMBER') AS owned,
       has_table_privilege(class.oid, 'UPDATE') OR has_table_privilege(class.oid, 'DELETE')
       OR has_table_privilege(class.oid, 'TRUNCATE') AS changeable
FROM pg_class class
WHERE class.relname = ANY (%s) AND class.relnamespace = current_schema()::regnamespace ORDER BY class.relname
"""
GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)
STATISTICS = "GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {role}"
"""For the ANALYZE of a load (`imports.transactions`): it changes no row. Before PostgreSQL 17 only the owner may."""
FIRST_WITH_MAINTAIN = 170_000
READ_AND_ADD = ("REVOKE ALL ON {table} FROM PUBLIC, {role}", "GRANT SELECT, INSERT ON {table} TO {role}")


def history_tables() -> list[str]:
    """Return the tables whose rows are only added."""
    return sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, AppendOnly))


def restrict(*, role: str) -> list[str]:
    """Let a role use the application's tables, but only read and add to those of history; return the latter.

    Run it as the owner of the tables after each migration; repeating it changes nothing. Raises DomainError for a role
    that does not exist, is a superuser, or owns the tables, since grants cannot limit these.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ROLE, [role])
        found = cursor.fetchone()
        if found is None:
            raise DomainError(f"Le rôle {role} n'existe pas\u00a0: créez-le avec CREATE ROLE … LOGIN.")
        superuser, own = found
        if superuser:
            raise DomainError(f"Le rôle {role} est superutilisateur\u00a0: aucune règle ne le retient.")
        cursor.execute(OWNED, [role])
        if own or cursor.fetchone():
            raise DomainError(
                f"Le rôle {role} possède des tables\u00a0: faites-les migrer par un autre rôle, "
                "dont il n'est pas membre."
            )
        cursor.execute("SELECT current_schema()")
        names = {"schema": sql.Identifier(cursor.fetchone()[0]), "role": sql.Identifier(role)}
        for grant in GRANTS:
            cursor.execute(sql.SQL(grant).format(**names))
        tables = history_tables()
        for table in tables:
            for grant in READ_AND_ADD:
                cursor.execute(sql.SQL(grant).format(table=sql.Identifier(table), role=names["role"]))
        cursor.execute("SELECT current_setting('server_version_num')::int")
        if cursor.fetchone()[0] >= FIRST_WITH_MAINTAIN:
            cursor.execute(sql.SQL(STATISTICS).format(**names))
        return tables


def weaknesses() -> list[str]:
    """Return the reasons why this connection's role could change history; empty if it cannot."""
    with connection.cursor() as cursor:
        return weaknesses_by(cursor)


def weaknesses_by(cursor: Any) -> list[str]:
    """The same for the role of another connection, given a cursor."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone()[0]:
        return ["The database role of the application is a superuser: no trigger and no grant holds it back."]
    cursor.execute(WEAK, [history_tables()])
    rows = cursor.fetchall()
    owned = ", ".join(table for table, is_owned, _ in rows if is_owned)
    changeable = ", ".join(table for table, is_owned, is_changeable in rows if is_changeable and not is_owned)
    found = []
    if owned:
        found.append(f"The database role of the application owns {owned}: it could switch their triggers off.")
    if changeable:
        found.append(f"The database role of the application may change or delete rows of {changeable}.")
    return found
