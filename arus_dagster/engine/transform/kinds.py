"""How the warehouse's types map to Python values for a script.

Owns the kind of a type, and the type of a column that a script adds. Refuses values of any other
origin. Standard library alone: the worker imports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

Kind = Literal[
    "boolean",
    "integer",
    "numeric",
    "float",
    "text",
    "bytes",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "interval",
    "uuid",
    "json",
]

_KINDS: dict[str, Kind] = {
    "boolean": "boolean",
    "bool": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "int": "integer",
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "oid": "integer",
    "numeric": "numeric",
    "decimal": "numeric",
    "real": "float",
    "double precision": "float",
    "float4": "float",
    "float8": "float",
    "bytea": "bytes",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "time": "time",
    "time without time zone": "time",
    "timetz": "timetz",
    "time with time zone": "timetz",
    "interval": "interval",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "json",
}
_MODIFIER = re.compile(r"\s*\([^)]*\)")
_BIGINT = range(-(2**63), 2**63)


def kind_of(target_type: str) -> Kind:
    """The kind of a PostgreSQL type as declared, e.g. ``numeric(20,0)``; ``text`` for every type
    without a natural equal in Python (arrays, ranges, inet, money, …)."""
    plain = _MODIFIER.sub("", target_type).strip().lower()
    if plain.startswith("interval"):
        return "interval"
    return _KINDS.get(" ".join(plain.split()), "text")


def _type_of(value: Any) -> str | None:
    match value:
        case bool():
            return "boolean"
        case int():
            return "bigint" if value in _BIGINT else "numeric"
        case float():
            return "double precision"
        case Decimal():
            return "numeric"
        case str():
            return "text"
        case bytes() | bytearray() | memoryview():
            return "bytea"
        case datetime():
            return (
                "timestamp without time zone"
                if value.tzinfo is None
                else "timestamp with time zone"
            )
        case date():
            return "date"
        case time():
            return "time without time zone" if value.tzinfo is None else "time with time zone"
        case timedelta():
            return "interval"
        case UUID():
            return "uuid"
        case dict() | list() | tuple():
            return "jsonb"
    return None


_NUMBERS = ("bigint", "double precision", "numeric")


def type_for(values: Iterable[Any]) -> str | None:
    """The type of a column that a script adds: that of its first value, and where that is a
    number, wide enough for the numbers beside it. None where no value has a type."""
    found: str | None = None
    for value in values:
        this = _type_of(value)
        if this is None or this == found:
            continue
        if found is None:
            found = this
            if found not in _NUMBERS:
                return found
        elif this in _NUMBERS:
            found = _NUMBERS[max(_NUMBERS.index(found), _NUMBERS.index(this))]
    return found
