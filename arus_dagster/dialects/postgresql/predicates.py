"""Which rows belong to a window, as a SQL condition.

Owns the bounds' meaning, for the source that is read and for the warehouse that is replaced:
both sides use these functions, so that a window deleted is exactly the window read.
"""

from __future__ import annotations

from arus_dagster.dialects.base import Window
from arus_dagster.dialects.postgresql.names import identifier, literal
from arus_dagster.dialects.postgresql.types import family, has_infinity, is_temporal

_WHOLE_OR_EXACT = ("smallint", "integer", "bigint", "numeric")


def in_window(window: Window, column: str, type_name: str) -> str | None:
    """The condition for a row to be in the window by its watermark; None where all rows are.

    Rows without a watermark, and those at ``-infinity``, belong to every window.

    Args:
        column: the watermark column's name on the side that is asked.
        type_name: its PostgreSQL type.
    """
    name = identifier(column)
    bounds = []
    if window.lower is not None:
        bounds.append(f"{name} >= {_lowered(window.lower, type_name, window.lookback_seconds)}")
    if window.upper is not None:
        bounds.append(f"{name} <= {literal(window.upper)}")
    if not bounds:
        return None
    always = [f"{name} IS NULL"]
    if has_infinity(type_name):
        always.append(f"{name} = '-infinity'")
    return f"(({' AND '.join(bounds)}) OR {' OR '.join(always)})"


def deleted_since(window: Window, column: str, type_name: str) -> str | None:
    """The condition for a row to be in the window because it was soft-deleted lately."""
    if window.lower is None:
        return None
    if not is_temporal(type_name) or window.deleted_lower is None:
        return is_deleted(column, type_name)
    bound = _lowered(window.deleted_lower, type_name, window.lookback_seconds)
    return f"{identifier(column)} >= {bound}"


def can_mark_deleted(type_name: str) -> bool:
    """Whether a column of the type tells deleted rows from others; in a text any value might."""
    kind = family(type_name)
    return kind in ("boolean", *_WHOLE_OR_EXACT) or is_temporal(kind)


def is_deleted(column: str, type_name: str) -> str:
    """The condition for a row to count as soft-deleted; never unknown."""
    return _marks_deleted(identifier(column), type_name)


def is_deleted_line(line: str, position: int, type_name: str) -> str:
    """The same for a row that is there as a line of COPY's text format.

    Args:
        line: the column that holds the line.
        position: 0-based, of the mark's field; the types of marks need no escapes.
        type_name: the mark's type.
    """
    field = f"split_part({identifier(line)}, E'\\t', {position + 1})"
    return _marks_deleted(f"nullif({field}, E'\\\\N')::{type_name}", type_name)


def _marks_deleted(value: str, type_name: str) -> str:
    kind = family(type_name)
    if kind == "boolean":
        return f"({value} IS TRUE)"
    if kind in _WHOLE_OR_EXACT:
        return f"(coalesce({value}, 0) <> 0)"
    return f"({value} IS NOT NULL)"


def _lowered(bound: str, type_name: str, seconds: int) -> str:
    if seconds <= 0 or not is_temporal(type_name):
        # An untyped literal takes the column's own type, whatever that is.
        return literal(bound)
    return f"({literal(bound)}::{family(type_name)} - interval '{int(seconds)} seconds')"
