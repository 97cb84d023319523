"""Keys of the target that a source might take for another spelling of a loaded key.

Owns the likeness: texts are alike that differ in letter case, accents, width or trailing blanks.
It only finds candidates; sources have rules of their own, so they are asked before anything goes.
"""

from __future__ import annotations

from collections.abc import Sequence

from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import identifier, literal

# Marks that decomposition parts from their letters.
_MARKS = "[\\u0300-\\u036f]"


def likeness(connection: Connection, column: str, alias: str = "") -> str:
    """An immutable expression that is equal for texts that are alike.

    Hashed, because a decomposed text may be too long for an index.

    Args:
        column: unquoted.
        alias: of the FROM item, with its dot.
    """
    text = f"rtrim({alias}{identifier(column)}::text)"
    if connection.value("SELECT getdatabaseencoding()") == "UTF8":
        text = f"regexp_replace(normalize({text}, NFKD), {literal(_MARKS)}, '', 'g')"
    return f"md5(lower({text}))"


def find_respelled(
    connection: Connection,
    target_sql: str,
    key: Sequence[str],
    loose: Sequence[str],
    loaded_sql: str,
    *,
    into: str,
) -> int:
    """Number the target's keys that are alike a loaded one and were not loaded themselves.

    Args:
        loose: the columns of the key in which likeness counts; at least one.
        loaded_sql: a FROM item with the loaded rows, its alias ``t``.
        into: the temporary table to make, unquoted: the key's columns, and ``place`` from 1 on.

    Returns:
        how many there are.
    """
    alike = [
        f"{likeness(connection, name, 'o.')} = {likeness(connection, name, 't.')}" for name in loose
    ]
    alike += [f"o.{identifier(n)} = t.{identifier(n)}" for n in key if n not in loose]
    same = " AND ".join(f"o.{identifier(name)} = t.{identifier(name)}" for name in key)
    columns = ", ".join(f"o.{identifier(name)}" for name in key)
    return connection.execute(
        f"CREATE TEMP TABLE {identifier(into)} ON COMMIT DROP AS"
        " SELECT row_number() OVER () AS place, k.* FROM"
        f" (SELECT DISTINCT {columns} FROM {target_sql} o, {loaded_sql}"
        f" WHERE {' AND '.join(alike)} AND NOT EXISTS (SELECT 1 FROM {loaded_sql} WHERE {same})) k"
    )


def delete_superseded(
    connection: Connection, rows_sql: str, key: Sequence[str], loose: Sequence[str], keys_sql: str
) -> int:
    """Delete rows whose key is not among the source's, where one is that is alike; how many.

    Args:
        rows_sql, keys_sql: tables with the key's columns.
        loose: as in ``find_respelled``.
    """
    same = " AND ".join(f"s.{identifier(name)} = k.{identifier(name)}" for name in key)
    alike = [
        f"{likeness(connection, name, 's.')} = {likeness(connection, name, 'k.')}" for name in loose
    ]
    alike += [f"s.{identifier(n)} = k.{identifier(n)}" for n in key if n not in loose]
    return connection.execute(
        f"DELETE FROM {rows_sql} s WHERE NOT EXISTS (SELECT 1 FROM {keys_sql} k WHERE {same})"
        f" AND EXISTS (SELECT 1 FROM {keys_sql} k WHERE {' AND '.join(alike)})"
    )
