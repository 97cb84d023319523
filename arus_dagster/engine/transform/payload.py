"""A COPY text line as the payload of a rejected row.

Owns the JSON form of a row in the dead letters: NULL, booleans and integers as themselves, every
other value as the warehouse's own text for it (bytes as ``\\x`` hex), so that nothing is rounded
and the row can be repaired and loaded again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arus_dagster.dialects.base import Column
from arus_dagster.engine.transform.copytext import NULL, unescape
from arus_dagster.engine.transform.kinds import kind_of

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _value(field: str, target_type: str) -> Any:
    if field == NULL:
        return None
    kind = kind_of(target_type)
    if kind == "boolean" and field in ("t", "f"):
        return field == "t"
    if kind == "integer":
        try:
            return int(field)
        except ValueError:
            return unescape(field)
    # jsonb can hold neither NUL nor a byte that is no UTF-8; the reason tells what was there.
    text = unescape(field).replace("\x00", _REPLACEMENT)
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def row_payload(line: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The row of one line (without its newline), by column name."""
    fields = line.split("\t") if columns else []
    return {
        column.name: _value(field, column.target_type)
        for column, field in zip(columns, fields, strict=True)
    }
