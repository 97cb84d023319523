"""How MySQL and MariaDB types stand in the warehouse.

Owns the mapping from a declared type to a family, which says how values are written, and to the
target type. The rule: the target type holds every value of the source type, and is fixed by the
declaration alone, never by the values.

``docs/types.md`` lists them all, and a test holds that list against this module. ``zerofill`` is a
way to show numbers and is not carried over.
"""

from __future__ import annotations

import re
from enum import Enum

from arus_dagster.dialects.base import Column


class Family(Enum):
    """How values of a type are written and compared."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BIT = "bit"
    YEAR = "year"
    DATE = "date"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    TIME = "time"
    TEXT = "text"
    JSON = "json"
    BINARY = "binary"
    GEOMETRY = "geometry"
    UUID = "uuid"
    INET = "inet"


CALENDAR = frozenset({Family.DATE, Family.DATETIME, Family.TIMESTAMP})

_FAMILIES = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), Family.INTEGER),
    "decimal": Family.DECIMAL,
    "float": Family.FLOAT,
    "double": Family.FLOAT,
    "bit": Family.BIT,
    "year": Family.YEAR,
    "date": Family.DATE,
    "datetime": Family.DATETIME,
    "timestamp": Family.TIMESTAMP,
    "time": Family.TIME,
    "json": Family.JSON,
    **dict.fromkeys(
        ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"),
        Family.BINARY,
    ),
    **dict.fromkeys(
        (
            "geometry",
            "point",
            "linestring",
            "polygon",
            "multipoint",
            "multilinestring",
            "multipolygon",
            "geometrycollection",
            "geomcollection",
        ),
        Family.GEOMETRY,
    ),
    "uuid": Family.UUID,
    "inet4": Family.INET,
    "inet6": Family.INET,
}
_INTEGERS = {
    "tinyint": "smallint",
    "smallint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "bigint",
}
_UNSIGNED = {
    "tinyint": "smallint",
    "smallint": "integer",
    "mediumint": "integer",
    "int": "bigint",
    "bigint": "numeric(20,0)",
}
_TARGETS = {
    Family.YEAR: "smallint",
    Family.DATE: "date",
    Family.DATETIME: "timestamp without time zone",
    Family.TIMESTAMP: "timestamp with time zone",
    Family.TIME: "interval",
    Family.TEXT: "text",
    Family.BINARY: "bytea",
    Family.GEOMETRY: "bytea",
    Family.UUID: "uuid",
    Family.INET: "inet",
}
_WORD = re.compile(r"[a-z0-9]+")
_SIZE = re.compile(r"\A\w+\((\d+)(?:,(\d+))?\)")


def word(declared: str) -> str:
    """The type's bare name: ``int(10) unsigned`` → ``int``."""
    found = _WORD.match(declared.lower())
    return found.group() if found else ""


def family(column: Column) -> Family:
    """How the column's values are written."""
    return _FAMILIES.get(word(column.source_type), Family.TEXT)


def target_type(declared: str, *, mariadb: bool, tinyint1_as_bool: bool = False) -> str:
    """The warehouse's type for a declared one.

    Args:
        declared: as ``information_schema`` shows it, with modifiers; ``json`` for MariaDB's
            checked text too.
        mariadb: whether the server is MariaDB.
        tinyint1_as_bool: take ``tinyint(1)`` for ``boolean``.
    """
    declared = declared.lower()
    name = word(declared)
    kind = _FAMILIES.get(name, Family.TEXT)
    match kind:
        case Family.INTEGER:
            if tinyint1_as_bool and declared.startswith("tinyint(1)"):
                return "boolean"
            return (_UNSIGNED if is_unsigned(declared) else _INTEGERS)[name]
        case Family.DECIMAL:
            precision, scale = _size(declared)
            return f"numeric({precision},{scale})" if precision else "numeric"
        case Family.FLOAT:
            return "real" if name == "float" else "double precision"
        case Family.BIT:
            width = bit_width(declared)
            return "boolean" if width == 1 else f"bit({width})"
        case Family.JSON:
            return "json" if mariadb else "jsonb"
        case _:
            return _TARGETS[kind]


def bit_width(declared: str) -> int:
    """The number of bits of a ``bit(n)``."""
    return _size(declared.lower())[0] or 1


def declared_length(declared: str) -> int:
    """The number in parentheses: characters of a ``varchar(n)``; 0 where there is none."""
    return _size(declared.lower())[0]


def is_unsigned(declared: str) -> bool:
    """Whether a number has no sign; ``zerofill`` implies that."""
    return bool({"unsigned", "zerofill"} & set(declared.lower().split()))


def is_zerofill(declared: str) -> bool:
    """Whether the server pads the number's text with zeros."""
    return "zerofill" in declared.lower().split()


def _size(declared: str) -> tuple[int, int]:
    found = _SIZE.match(declared)
    return (int(found.group(1)), int(found.group(2) or 0)) if found else (0, 0)
