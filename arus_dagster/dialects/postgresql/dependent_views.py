"""Views that stand in the way of a column's change: taken down and put up again as they were.

PostgreSQL refuses to change the type of a column that a view uses. Owns what makes a view itself
again: definition, options, owner, grants, comments. Refuses views it could not restore whole or at
once (materialized ones, those with triggers or rules of their own); then the change is refused,
with their names, and nothing has happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from arus_dagster.dialects.base import TableRef
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import identifier, literal, qualified
from arus_dagster.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class View:
    """A view and the statements that make it again."""

    name: str
    restore: tuple[str, ...]


def take_down(connection: Connection, table: TableRef, columns: Iterable[str]) -> list[View]:
    """Drop the views that use any of the columns, in the open transaction.

    Args:
        columns: names in the table.

    Returns:
        the views, in the order in which they can be made again.

    Raises:
        ConfigurationError: a view can't be restored; its name is told.
    """
    names = ", ".join(literal(name) for name in columns)
    if not names:
        return []
    found = connection.rows(
        "WITH RECURSIVE uses(oid, depth) AS ("
        " SELECT DISTINCT r.ev_class, 1 FROM pg_depend d"
        " JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass"
        " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE d.refclassid = 'pg_class'::regclass"
        f" AND d.refobjid = {literal(qualified(table))}::regclass"
        f" AND r.ev_class <> d.refobjid AND a.attname IN ({names})"
        " UNION SELECT r.ev_class, u.depth + 1 FROM uses u JOIN pg_depend d"
        " ON d.refobjid = u.oid AND d.refclassid = 'pg_class'::regclass"
        " JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass"
        " WHERE r.ev_class <> d.refobjid)"
        " SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,"
        " c.relkind <> 'v' OR c.relhastriggers"
        " OR (SELECT count(*) > 1 FROM pg_rewrite r WHERE r.ev_class = c.oid)"
        " OR EXISTS (SELECT 1 FROM pg_attrdef f WHERE f.adrelid = c.oid), max(u.depth)"
        " FROM uses u JOIN pg_class c ON c.oid = u.oid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY max(u.depth), 1"
    )
    special = [f"{schema}.{name}" for _, schema, name, _, is_special, _ in found if is_special]
    if special:
        raise ConfigurationError(
            f"{', '.join(special)} uses {table} and can't be put up again by itself;"
            " drop it, sync, and make it anew"
        )
    views = [
        View(
            name=qualified(TableRef(schema, name)),
            restore=_statements(connection, oid, qualified(TableRef(schema, name))),
        )
        for oid, schema, name, _, _, _ in found
    ]
    for view in reversed(views):
        connection.execute(f"DROP VIEW {view.name}")
    return views


def put_up(connection: Connection, views: Iterable[View]) -> None:
    """Make the views again, in the open transaction."""
    for view in views:
        for statement in view.restore:
            connection.execute(statement)


def _statements(connection: Connection, oid: int, name: str) -> tuple[str, ...]:
    row = connection.row(
        "SELECT pg_get_viewdef(c.oid), c.reloptions, c.relowner::regrole::text,"
        " c.relowner = current_user::regrole, obj_description(c.oid, 'pg_class'),"
        " c.relacl IS NOT NULL"
        f" FROM pg_class c WHERE c.oid = {oid}"
    )
    assert row is not None  # read in the same transaction
    definition, options, owner, is_own, comment, has_grants = row
    with_options = f" WITH ({', '.join(options)})" if options else ""
    statements = [f"CREATE VIEW {name}{with_options} AS {definition}"]
    if not is_own:
        statements.append(f"ALTER VIEW {name} OWNER TO {owner}")
    if comment:
        statements.append(f"COMMENT ON VIEW {name} IS {literal(comment)}")
    for column, text in connection.rows(
        "SELECT attname::text, col_description(attrelid, attnum) FROM pg_attribute"
        f" WHERE attrelid = {oid} AND attnum > 0 AND col_description(attrelid, attnum) IS NOT NULL"
    ):
        statements.append(f"COMMENT ON COLUMN {name}.{identifier(column)} IS {literal(text)}")
    if has_grants:
        # Default privileges would otherwise be added to those it had.
        statements.append(f"REVOKE ALL ON {name} FROM PUBLIC")
    for privilege, column, grantee, grantable in connection.rows(
        "SELECT g.privilege_type, NULL, CASE WHEN g.grantee = 0 THEN 'PUBLIC'"
        " ELSE g.grantee::regrole::text END, g.is_grantable"
        f" FROM pg_class c, aclexplode(c.relacl) g WHERE c.oid = {oid}"
        " UNION ALL SELECT g.privilege_type, a.attname::text, CASE WHEN g.grantee = 0"
        " THEN 'PUBLIC' ELSE g.grantee::regrole::text END, g.is_grantable"
        f" FROM pg_attribute a, aclexplode(a.attacl) g WHERE a.attrelid = {oid}"
    ):
        what = f"{privilege} ({identifier(column)})" if column else privilege
        option = " WITH GRANT OPTION" if grantable else ""
        statements.append(f"GRANT {what} ON {name} TO {grantee}{option}")
    return tuple(statements)
