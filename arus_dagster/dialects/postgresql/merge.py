"""From waiting rows to the target: replace, merge, remove.

Owns the statements that change a target's rows, all of them in the caller's transaction. They
take row locks alone, so that a reader goes on seeing the old rows until the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arus_dagster.dialects.base import Window
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import (
    OWN_COLUMNS,
    RUN_ID_COLUMN,
    identifier,
    identifiers,
)
from arus_dagster.dialects.postgresql.predicates import in_window

# A subquery, because it is evaluated once and not once a row.
_RUN_ID = "(SELECT current_setting('arus.run_id')::uuid)"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge wrote into the target.

    Args:
        rows: rows written, new and changed.
        fresh: those that were not there before.
    """

    rows: int
    fresh: int


def delete_all(connection: Connection, target_sql: str) -> int:
    """Delete every row; how many there were."""
    return connection.execute(f"DELETE FROM {target_sql}")


def delete_window(
    connection: Connection, target_sql: str, window: Window, column: str, type_name: str
) -> int:
    """Delete the target's rows that belong to the window; how many there were.

    Args:
        column: the watermark column's name in the target.
        type_name: its type there.
    """
    condition = in_window(window, column, type_name)
    return connection.execute(f"DELETE FROM {target_sql} WHERE {condition or 'true'}")


def drop_superseded(
    connection: Connection, stage_sql: str, key: Sequence[str], watermark: str | None
) -> int:
    """Keep of each key only the row with the greatest watermark, the last one among equals;
    how many rows went."""
    latest = f"{identifier(watermark)} DESC NULLS LAST, ctid DESC" if watermark else "ctid DESC"
    return connection.execute(
        f"DELETE FROM {stage_sql} s USING (SELECT ctid AS place, row_number() OVER"
        f" (PARTITION BY {identifiers(key)} ORDER BY {latest}) AS rank FROM {stage_sql}) r"
        " WHERE r.rank > 1 AND s.ctid = r.place"
    )


def insert_rows(
    connection: Connection,
    target_sql: str,
    columns: Sequence[str],
    rows_sql: str,
    *,
    stamped: bool = True,
) -> int:
    """Insert the rows of a query that yields ``columns``; how many there were.

    Args:
        stamped: whether the target has our own columns already.
    """
    return connection.execute(_insert(target_sql, columns, rows_sql, stamped=stamped))


def merge_rows(
    connection: Connection,
    target_sql: str,
    columns: Sequence[str],
    key: Sequence[str],
    watermark: str | None,
    rows_sql: str,
    *,
    rewrite: bool = False,
) -> Merged:
    """Insert the rows of a query, or update the target's row of the same key where it differs.

    Columns of the target that are not among ``columns`` keep what they hold. A row that is the
    same to the last bit is not written again, which costs half as much; to see that it differs
    mostly takes a look at its watermark alone.

    Args:
        watermark: the column that is likely to differ, or None.
        rewrite: write what is the same too, so that every row of the query counts as written:
            where a trigger may drop a row, one that is missing must not pass for unchanged.
    """
    values = [identifier(name) for name in columns if name not in key]
    differs = []
    if watermark is not None and watermark not in key:
        name = identifier(watermark)
        differs.append(f"old.{name} IS DISTINCT FROM EXCLUDED.{name}")
    if values:
        # By their stored form: types' own equality takes 1.0 for 1.00, and json has none.
        present = ", ".join(f"old.{name}" for name in values)
        coming = ", ".join(f"EXCLUDED.{name}" for name in values)
        differs.append(f"record_image_ne(ROW({present}), ROW({coming}))")
    condition = "" if rewrite else f" WHERE {' OR '.join(differs) or 'false'}"
    changes = ", ".join(
        f"{identifier(name)} = EXCLUDED.{identifier(name)}"
        for name in (*columns, *OWN_COLUMNS)
        if name not in key
    )
    row = connection.row(
        f"WITH merged AS ({_insert(f'{target_sql} AS old', columns, rows_sql)}"
        f" ON CONFLICT ({identifiers(key)}) DO UPDATE SET {changes}{condition}"
        # A row that was inserted, not updated, has no locker.
        " RETURNING (xmax = 0) AS fresh)"
        " SELECT count(*), count(*) FILTER (WHERE fresh) FROM merged"
    )
    assert row is not None  # an aggregate yields one row
    return Merged(row[0], row[1])


def merge_older(
    connection: Connection,
    target_sql: str,
    columns: Sequence[str],
    key: Sequence[str],
    watermark: str | None,
    rows_sql: str,
) -> Merged:
    """Merge rows that were read long ago: a row of the target that is newer stays."""
    if watermark is None:
        action = "DO NOTHING"
    else:
        changes = ", ".join(
            f"{identifier(name)} = EXCLUDED.{identifier(name)}"
            for name in (*columns, *OWN_COLUMNS)
            if name not in key
        )
        newest = identifier(watermark)
        action = (
            f"DO UPDATE SET {changes} WHERE old.{newest} IS NULL"
            f" OR EXCLUDED.{newest} >= old.{newest}"
        )
    row = connection.row(
        f"WITH merged AS ({_insert(f'{target_sql} AS old', columns, rows_sql)}"
        f" ON CONFLICT ({identifiers(key)}) {action} RETURNING (xmax = 0) AS fresh)"
        " SELECT count(*), count(*) FILTER (WHERE fresh) FROM merged"
    )
    assert row is not None  # an aggregate yields one row
    return Merged(row[0], row[1])


def delete_matching(
    connection: Connection, target_sql: str, key: Sequence[str], rows_sql: str
) -> int:
    """Delete the target's rows whose key a query yields; how many there were."""
    return connection.execute(
        f"DELETE FROM {target_sql} t USING ({rows_sql}) s WHERE {_same_key(key)}"
    )


def delete_older(
    connection: Connection, target_sql: str, key: Sequence[str], watermark: str, rows_sql: str
) -> int:
    """Delete the target's rows of which a query yields a form that is no older; how many."""
    newest = identifier(watermark)
    return connection.execute(
        f"DELETE FROM {target_sql} t USING ({rows_sql}) s WHERE {_same_key(key)}"
        f" AND (t.{newest} IS NULL OR s.{newest} >= t.{newest})"
    )


def delete_missing(
    connection: Connection, target_sql: str, key: Sequence[str], keys_sql: str
) -> int:
    """Delete the target's rows whose key is not in ``keys_sql``; how many there were."""
    return connection.execute(
        f"DELETE FROM {target_sql} t WHERE NOT EXISTS"
        f" (SELECT 1 FROM {keys_sql} s WHERE {_same_key(key)})"
    )


def _insert(target_sql: str, columns: Sequence[str], rows_sql: str, *, stamped: bool = True) -> str:
    names = identifiers(columns)
    if not stamped:
        return f"INSERT INTO {target_sql} ({names}) SELECT {names} FROM ({rows_sql}) s"
    return (
        f"INSERT INTO {target_sql} ({names}, {RUN_ID_COLUMN})"
        f" SELECT {names}, {_RUN_ID} FROM ({rows_sql}) s"
    )


def _same_key(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{identifier(name)} = s.{identifier(name)}" for name in key)
