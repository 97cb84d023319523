"""Identifiers and literals of MySQL and MariaDB.

Owns the one way in which a name or a text enters a statement. Literals are hexadecimal, so that
no session setting (``NO_BACKSLASH_ESCAPES``, ``ANSI_QUOTES``) and no character set changes what
they mean. Refuses to build any SQL beyond that.
"""

from __future__ import annotations

from arus_dagster.dialects.base import TableRef


def identifier(name: str) -> str:
    """The name as a quoted identifier.

    Raises:
        ValueError: the name is empty or holds a zero character, which no identifier can.
    """
    if not name or "\0" in name:
        raise ValueError("an identifier must be non-empty and hold no zero character")
    return "`" + name.replace("`", "``") + "`"


def qualified(table: TableRef) -> str:
    """```schema`.`table```."""
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def literal(value: str) -> str:
    """The text as a string literal."""
    return f"_utf8mb4 X'{value.encode().hex()}'"


def binary_literal(value: bytes) -> str:
    """The bytes as a binary string literal."""
    return f"X'{value.hex()}'"
