"""Source against warehouse: every row, every column.

Owns the verdict of the demo. Refuses samples and checksums: rows are compared as the text that
each database writes for them, so that what differs can be shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

import psycopg2
from psycopg2 import sql

Connection: TypeAlias = psycopg2.extensions.connection
Row: TypeAlias = tuple[str | None, ...]

SHOWN = 3


@dataclass(frozen=True)
class Comparison:
    """One table's verdict.

    Args:
        rows: rows of the source that should be in the target.
        columns: columns compared.
        missing: rows of the source that the target lacks.
        surplus: rows of the target that the source lacks.
    """

    table: str
    rows: int
    columns: int
    missing: tuple[Row, ...]
    surplus: tuple[Row, ...]

    @property
    def equal(self) -> bool:
        return not self.missing and not self.surplus

    def describe(self) -> str:
        """What differs, with the first few rows."""
        lines = [f"{self.table}: {len(self.missing)} missing, {len(self.surplus)} surplus"]
        lines += [f"  missing  {row}" for row in self.missing[:SHOWN]]
        lines += [f"  surplus  {row}" for row in self.surplus[:SHOWN]]
        return "\n".join(lines)


def compare_table(
    source: Connection,
    warehouse: Connection,
    table: tuple[str, str],
    target: tuple[str, str],
    soft_delete_column: str | None,
) -> Comparison:
    """Compare one table as multisets of rows, so that a doubled row is a difference too.

    Args:
        table: schema and name in the source.
        target: schema and name in the warehouse.
        soft_delete_column: rows of the source where it is set are not to be in the target.
    """
    columns = _columns(source, table)
    where = (
        sql.SQL(" WHERE {} IS NULL").format(sql.Identifier(soft_delete_column))
        if soft_delete_column
        else sql.SQL("")
    )
    expected = _rows(source, table, columns, where)
    found = _rows(warehouse, target, columns, sql.SQL(""))
    return Comparison(
        table=table[1],
        rows=expected.total(),
        columns=len(columns),
        missing=tuple((expected - found).elements()),
        surplus=tuple((found - expected).elements()),
    )


def _columns(connection: Connection, table: tuple[str, str]) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            table,
        )
        return [name for (name,) in cursor.fetchall()]


def _rows(
    connection: Connection, table: tuple[str, str], columns: list[str], where: sql.Composable
) -> Counter[Row]:
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(c)) for c in columns)
    query = sql.SQL("SELECT {} FROM {}").format(texts, sql.Identifier(*table)) + where
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.execute(query)
        return Counter(cursor.fetchall())
