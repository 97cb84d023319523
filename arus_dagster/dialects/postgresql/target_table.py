"""A target table in the warehouse: what it is now, and how it is made and changed.

Owns the DDL of target tables. Changes to a table that readers may hold open run in short
transactions of their own; the session's lock timeout bounds how long they wait. Refuses to touch
a table that this project did not make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arus_dagster.dialects.base import Column, TableRef
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.dependent_views import put_up, take_down
from arus_dagster.dialects.postgresql.names import (
    OWN_COLUMNS,
    RUN_ID_COLUMN,
    SYNCED_AT_COLUMN,
    identifier,
    identifiers,
    literal,
    qualified,
)
from arus_dagster.dialects.postgresql.respelled import likeness
from arus_dagster.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class TargetShape:
    """A table as the warehouse holds it.

    Args:
        types: column name to type as ``format_type`` spells it, without our own columns.
        key: the primary key's columns, in order.
        key_name: the primary key's constraint, or None.
        has_triggers: whether triggers or rules of its owner may change or drop what is written.
    """

    types: Mapping[str, str]
    key: tuple[str, ...]
    key_name: str | None
    has_triggers: bool


class TargetTable:
    """One target table.

    Args:
        connection: a session of the warehouse.
        table: its name.
    """

    def __init__(self, connection: Connection, table: TableRef) -> None:
        self._connection = connection
        self.table = table
        self.sql = qualified(table)

    def shape(self) -> TargetShape | None:
        """The table as it is, or None.

        Raises:
            ConfigurationError: there is such a relation, but this project did not make it.
        """
        found = self._connection.row(
            "SELECT c.oid::bigint, c.relkind::text, c.relhastriggers OR c.relhasrules"
            " FROM pg_class c"
            f" JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE n.nspname = {literal(self.table.schema)}"
            f" AND c.relname = {literal(self.table.name)}"
        )
        if found is None:
            return None
        oid, kind, has_triggers = found
        types = dict(
            self._connection.rows(
                f"SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
                f" WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
            )
        )
        if kind not in ("r", "p") or any(name not in types for name in OWN_COLUMNS):
            raise ConfigurationError(
                f"{self.table} exists in the warehouse and was not made by Arus;"
                " choose another target schema or table, or remove it"
            )
        key = self._connection.row(
            "SELECT k.conname::text, array_agg(a.attname::text ORDER BY p.position)"
            " FROM pg_constraint k"
            " CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS p(number, position)"
            " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number"
            f" WHERE k.conrelid = {oid} AND k.contype = 'p' GROUP BY k.conname"
        )
        return TargetShape(
            types={name: kind for name, kind in types.items() if name not in OWN_COLUMNS},
            key=tuple(key[1]) if key else (),
            key_name=key[0] if key else None,
            has_triggers=has_triggers,
        )

    def create(self, columns: Sequence[Column], key: Sequence[str], comment: str | None) -> None:
        """Make the table without its key, which is quicker to build once the rows are in, and
        without our own columns, which ``stamp`` adds.

        Args:
            columns: named as in the warehouse.
            key: columns that may not be NULL.
        """
        definitions = [
            f"{identifier(column.name)} {column.target_type}"
            + (" NOT NULL" if column.name in key else "")
            for column in columns
        ]
        self._connection.execute(f"CREATE TABLE {self.sql} ({', '.join(definitions)})")
        if comment:
            self._connection.execute(f"COMMENT ON TABLE {self.sql} IS {literal(comment)}")
        for column in columns:
            if column.comment:
                self._connection.execute(
                    f"COMMENT ON COLUMN {self.sql}.{identifier(column.name)}"
                    f" IS {literal(column.comment)}"
                )

    def stamp(self, run_id: str) -> None:
        """Add our own columns, filled for all rows at once: nothing is written to the rows."""
        self._connection.execute(
            f"ALTER TABLE {self.sql} ADD COLUMN {RUN_ID_COLUMN} uuid DEFAULT {literal(run_id)},"
            f" ADD COLUMN {SYNCED_AT_COLUMN} timestamptz DEFAULT now()"
        )
        self._connection.execute(
            f"ALTER TABLE {self.sql} ALTER COLUMN {RUN_ID_COLUMN} DROP DEFAULT"
        )

    def add_key(self, key: Sequence[str]) -> None:
        """Build the primary key; readers go on until the instant it becomes the table's key."""
        index = self._connection.value(
            f"SELECT 'arus_' || md5({literal(str(self.table))} || clock_timestamp()::text)"
        )
        self._connection.execute(
            f"CREATE UNIQUE INDEX {identifier(index)} ON {self.sql} ({identifiers(key)})"
        )
        self._connection.execute(
            f"ALTER TABLE {self.sql} ADD PRIMARY KEY USING INDEX {identifier(index)}"
        )

    def drop_key(self, shape: TargetShape) -> None:
        """Remove the primary key, and what it demanded of its columns."""
        if shape.key_name is None:
            return
        nullable = ", ".join(f"ALTER COLUMN {identifier(c)} DROP NOT NULL" for c in shape.key)
        self._connection.execute(
            f"ALTER TABLE {self.sql} DROP CONSTRAINT {identifier(shape.key_name)}, {nullable}"
        )

    def require(self, names: Sequence[str]) -> None:
        """Make the columns NOT NULL."""
        self._alter_each(names, "SET NOT NULL")

    def admit_null(self, names: Sequence[str]) -> None:
        """Take what ``require`` did back."""
        self._alter_each(names, "DROP NOT NULL")

    def _alter_each(self, names: Sequence[str], action: str) -> None:
        if names:
            changes = ", ".join(f"ALTER COLUMN {identifier(name)} {action}" for name in names)
            self._connection.execute(f"ALTER TABLE {self.sql} {changes}")

    def add_index(self, column: str) -> None:
        """Index a column, so that a window of it can be replaced without reading the table."""
        self._connection.execute(f"CREATE INDEX ON {self.sql} ({identifier(column)})")

    def add_likeness_index(self, column: str) -> None:
        """Index a key's column so that other spellings of a value are found quickly."""
        self._connection.execute(
            f"CREATE INDEX ON {self.sql} ({likeness(self._connection, column)})"
        )

    def alter(self, added: Sequence[Column], widened: Mapping[str, str]) -> None:
        """Add and widen columns, in the open transaction; views on them are kept.

        Args:
            added: columns named as in the warehouse.
            widened: column name to new type.

        Raises:
            ConfigurationError: a view stands in the way that can't be put up again.
        """
        changes = [f"ADD COLUMN {identifier(c.name)} {c.target_type}" for c in added]
        changes += [
            f"ALTER COLUMN {identifier(name)} TYPE {kind} USING {identifier(name)}::{kind}"
            for name, kind in widened.items()
        ]
        if changes:
            views = take_down(self._connection, self.table, widened)
            self._connection.execute(f"ALTER TABLE {self.sql} {', '.join(changes)}")
            put_up(self._connection, views)

    def count(self) -> int:
        """How many rows the table holds."""
        return int(self._connection.value(f"SELECT count(*) FROM {self.sql}"))


def canonical_types(connection: Connection, types: Sequence[str]) -> list[str]:
    """The types as this server spells them, e.g. ``varchar(3)`` → ``character varying(3)``.

    Raises:
        FatalError: the server does not know one of them.
    """
    if not types:
        return []
    distinct = list(dict.fromkeys(types))
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(distinct))
    connection.execute("SAVEPOINT arus_types")
    try:
        connection.execute(f"CREATE TEMP TABLE _arus_types ({columns})")
        spelled = connection.rows(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'pg_temp._arus_types'::regclass AND attnum > 0 ORDER BY attnum"
        )
    finally:
        connection.execute("ROLLBACK TO SAVEPOINT arus_types")
    by_type = {kind: row[0] for kind, row in zip(distinct, spelled, strict=True)}
    return [by_type[kind] for kind in types]
