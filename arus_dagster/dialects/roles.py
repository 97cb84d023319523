"""Which columns can serve as watermark, soft-delete mark or key, by their types alone.

Owns the answer for both databases, so that a choice is refused when it is made and not when a
sync first meets it. Refuses to know names or values: whether a column is a good watermark is
``detection``'s to guess.
"""

from __future__ import annotations

from arus_dagster.dialects.base import Column, SourceType
from arus_dagster.dialects.mysql.types import Family
from arus_dagster.dialects.mysql.types import family as mysql_family
from arus_dagster.dialects.postgresql import predicates
from arus_dagster.dialects.postgresql.types import family

_MYSQL_UNORDERED = frozenset({Family.JSON, Family.GEOMETRY, Family.INET})
_SHAPES = frozenset({"point", "line", "lseg", "box", "path", "polygon", "circle"})
_NEVER_KEYS = _SHAPES | {"json", "jsonpath"}
# PostgreSQL has no max() of these, in all of the versions that are supported.
_WITHOUT_GREATEST = _SHAPES | {
    "boolean", "json", "jsonb", "jsonpath", "bytea", "uuid", "bit", "bit varying", "macaddr",
    "macaddr8", "tsvector", "tsquery",
}  # fmt: skip
_TEXTS_WITHOUT_GREATEST = frozenset({"xml", "hstore"})


def can_be_watermark(column: Column, source: SourceType) -> bool:
    """Whether the source can tell the greatest value of the column."""
    kind = family(column.target_type)
    if source == "postgresql":
        declared = column.source_type.rpartition(".")[2]
        return not (
            kind in _WITHOUT_GREATEST
            or kind.removesuffix("[]") in _NEVER_KEYS
            or kind.endswith(("range", "range[]"))
            or declared in _TEXTS_WITHOUT_GREATEST
        )
    return kind != "boolean" and mysql_family(column) not in _MYSQL_UNORDERED


def can_mark_deleted(column: Column) -> bool:
    """Whether the column tells deleted rows from others; in a text any value might."""
    return predicates.can_mark_deleted(column.target_type)


def can_be_key(column: Column) -> bool:
    """Whether the warehouse can tell equal values of the column, and index them."""
    kind = family(column.target_type).removesuffix("[]")
    return kind not in _NEVER_KEYS
