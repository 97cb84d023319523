"""How PostgreSQL source types stand in the warehouse.

Owns the mapping from a source column's type to its target type. The rule: a type that every
PostgreSQL server knows keeps its name and modifiers; a domain becomes its base type; whatever
depends on the source's own catalog (enums, composites, extension types) or on its build or
locale (``xml``, ``money``) becomes ``text`` in exactly its text form. Arrays follow their
elements. Text form and input form agree for all of these, so no value is ever converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Types of pg_catalog that mean the same on every supported server. reg* types, oid aliases of
# the source's catalog, are left out: their text form is a name, so they are carried as text.
PORTABLE_TYPES = frozenset(
    {
        "bool", "bytea", "char", "name", "int2", "int4", "int8", "oid", "float4", "float8",
        "numeric", "text", "bpchar", "varchar", "json", "jsonb", "jsonpath", "uuid",
        "date", "time", "timetz", "timestamp", "timestamptz", "interval",
        "bit", "varbit", "inet", "cidr", "macaddr", "macaddr8",
        "point", "line", "lseg", "box", "path", "polygon", "circle",
        "tsvector", "tsquery", "pg_lsn",
        "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
        "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange",
        "datemultirange",
    }
)  # fmt: skip

MAX_DOMAIN_DEPTH = 64


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A row of the source's ``pg_type``, as far as the mapping needs it.

    Args:
        kind: ``typtype``: b base, d domain, e enum, r range, m multirange, c composite.
        element: oid of the array's element type, or 0.
        base: oid of a domain's base type, or 0.
        base_declared: a domain's base type with modifiers, as ``format_type`` gives it.
    """

    oid: int
    name: str
    builtin: bool
    kind: str
    is_array: bool
    element: int
    base: int
    base_declared: str | None


def target_type(oid: int, declared: str, types: Mapping[int, TypeRow]) -> str:
    """The warehouse's type for a source column.

    Args:
        oid: the column's type.
        declared: the column's type with modifiers, as ``format_type`` gives it.
        types: the source's types by oid; composites may be missing.
    """
    row = types.get(oid)
    for _ in range(MAX_DOMAIN_DEPTH):
        if row is None or row.kind != "d":
            break
        declared = row.base_declared or "text"
        row = types.get(row.base)
    if row is None:
        return "text[]" if declared.endswith("[]") else "text"
    if row.is_array:
        element = types.get(row.element)
        if element is not None and _portable(element):
            return declared
        if element is not None and element.kind == "d":
            inner = target_type(element.oid, "text", types)
            # An array of a domain over an array has no array type to stand in: its text does.
            return "text" if inner.endswith("[]") else f"{inner}[]"
        return "text[]"
    return declared if _portable(row) else "text"


def binary_form(oid: int, types: Mapping[int, TypeRow]) -> Literal["plain", "cast"] | None:
    """How a column's binary form becomes that of its target type, if at all.

    Binary arrays name their element's type by oid and composites all of theirs, so nothing but
    what every server knows by the same oid may come out.

    Returns:
        ``plain``: it is so by itself; ``cast``: once it is cast (domains, enums); None: only the
        text is the same.
    """
    row = types.get(oid)
    cast = row is not None and row.kind == "d"
    for _ in range(MAX_DOMAIN_DEPTH):
        if row is None or row.kind != "d":
            break
        row = types.get(row.base)
    if row is None:
        return None
    if row.kind == "e":
        return "cast"
    if row.is_array:
        row = types.get(row.element)
        if row is not None and row.kind == "d":
            nested = target_type(row.oid, "text", types).endswith("[]")
            return None if nested else binary_form(row.oid, types)
    if row is None or not _portable(row):
        return None
    return "cast" if cast else "plain"


def ignores_case(oid: int, types: Mapping[int, TypeRow]) -> bool:
    """Whether values of the type that differ in letter case alone are equal, as in ``citext``."""
    row = types.get(oid)
    for _ in range(MAX_DOMAIN_DEPTH):
        if row is None or row.kind != "d":
            break
        row = types.get(row.base)
    return row is not None and row.name == "citext"


def _portable(row: TypeRow) -> bool:
    return row.builtin and row.name in PORTABLE_TYPES and row.kind in ("b", "r", "m")


def family(type_name: str) -> str:
    """The type without its modifiers: ``numeric(10,2)`` → ``numeric``.

    ``timestamp(3) without time zone`` → ``timestamp without time zone``.
    """
    head, paren, rest = type_name.partition("(")
    if not paren:
        return type_name.strip()
    return " ".join((head + " " + rest.partition(")")[2]).split()).replace(" []", "[]")


def is_temporal(type_name: str) -> bool:
    """Whether an interval can be subtracted from a value of the type (dates and timestamps)."""
    return family(type_name) in _TEMPORAL


def has_infinity(type_name: str) -> bool:
    """Whether the type has ``-infinity``: dates, timestamps, and binary floating point."""
    return family(type_name) in _TEMPORAL or family(type_name) in _FLOATS


def is_numeric(type_name: str) -> bool:
    """Whether the type is a number, exact or not."""
    return family(type_name) in _NUMBERS


_TEMPORAL = frozenset(
    {
        "date", "timestamp", "timestamptz", "timestamp without time zone",
        "timestamp with time zone",
    }
)  # fmt: skip
_FLOATS = frozenset({"real", "double precision", "float4", "float8"})
_NUMBERS = _FLOATS | {
    "smallint", "integer", "bigint", "numeric", "decimal", "int", "int2", "int4", "int8", "oid",
}  # fmt: skip
