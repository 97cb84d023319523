"""Identifiers and literals of PostgreSQL, and the names that source objects get in a warehouse.

Owns the one way in which a name or a text enters a statement. Refuses to build any SQL beyond
that. A name that PostgreSQL can't hold becomes a shorter one, the same one every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from arus_dagster.dialects.base import TableRef

MAX_IDENTIFIER_BYTES = 63
_HASH_DIGITS = 10

RUN_ID_COLUMN = "_arus_run_id"
SYNCED_AT_COLUMN = "_arus_synced_at"
OWN_COLUMNS = (RUN_ID_COLUMN, SYNCED_AT_COLUMN)
# A table can't have a column of one of these names, whatever the quoting.
_SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
# In a stage of transformed rows: the source's row as the line it came in.
SOURCE_LINE = "_arus_source"
RESERVED_COLUMNS = frozenset((*OWN_COLUMNS, SOURCE_LINE, *_SYSTEM_COLUMNS))


def identifier(name: str) -> str:
    """The name as a quoted identifier.

    Raises:
        ValueError: the name is empty or holds a zero character, which no identifier can.
    """
    if not name or "\0" in name:
        raise ValueError("an identifier must be non-empty and hold no zero character")
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """The names as a comma-separated list of quoted identifiers."""
    return ", ".join(identifier(name) for name in names)


def qualified(table: TableRef) -> str:
    """``"schema"."table"``."""
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def literal(value: str) -> str:
    """The text as a string literal; sessions run with ``standard_conforming_strings`` on.

    Raises:
        ValueError: the text holds a zero character, which no PostgreSQL text can.
    """
    if "\0" in value:
        raise ValueError("a text value can't hold a zero character")
    return "'" + value.replace("'", "''") + "'"


def target_name(name: str, taken: Collection[str] = ()) -> str:
    """The name a source object gets in the warehouse.

    A name of at most 63 bytes that is not taken stays as it is; any other keeps its beginning
    and gets a hash of the whole, so that the result depends on nothing but the name.

    Args:
        name: the source's name, exactly.
        taken: names that can't be used: reserved ones, or those of sibling objects.
    """
    if len(name.encode()) <= MAX_IDENTIFIER_BYTES and name not in taken:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]
    room = MAX_IDENTIFIER_BYTES - _HASH_DIGITS - 1
    # Cutting may split a character, so the torn rest of it is left out.
    head = name.encode()[:room].decode(errors="ignore")
    return f"{head}_{digest}"


def target_columns(names: Iterable[str]) -> dict[str, str]:
    """Source column name to warehouse column name, for the columns of one table."""
    return {name: target_name(name, RESERVED_COLUMNS) for name in names}
