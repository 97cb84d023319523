"""Which change of a column's type keeps every value it may hold.

Owns the comparison of PostgreSQL types as ``format_type`` spells them. A change is a widening
when any value of the old type is the same value in the new one, also in its text form's meaning.
"""

from __future__ import annotations

import re

from arus_dagster.dialects.postgresql.types import family

_MODIFIERS = re.compile(r"\((\d+)(?:,(-?\d+))?\)")
_INTEGER_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_EXACT_IN_DOUBLE = ("smallint", "integer", "real")
_STRINGS = ("character varying", "text")
_MAX_TIME_PRECISION = 6


def widens(before: str, after: str) -> bool:
    """Whether each value of ``before`` is a value of ``after``; also true for equal types."""
    if before == after:
        return True
    if before.endswith("[]") != after.endswith("[]"):
        return False
    before, after = before.removesuffix("[]"), after.removesuffix("[]")
    old, new = family(before), family(after)
    if old in _INTEGER_DIGITS:
        return _integer_widens(old, new, after)
    if old == "numeric" == new:
        return _numeric_widens(before, after)
    if old == "real":
        return new == "double precision"
    if old in _STRINGS and new in _STRINGS:
        return _length(after) is None or _at_most(_length(before), _length(after))
    if old == new and old in ("character", "bit varying"):
        return _length(after) is None or _at_most(_length(before), _length(after))
    if old == "character" and new in _STRINGS:
        return _length(after) is None or _at_most(_length(before) or 1, _length(after))
    if old == "date":
        return after == "timestamp without time zone"
    if old == new and old.startswith(("time", "interval")):
        return _precision(after) >= _precision(before)
    return False


def _integer_widens(old: str, new: str, after: str) -> bool:
    digits = _INTEGER_DIGITS[old]
    if new in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[new] >= digits
    if new == "numeric":
        precision, scale = _numeric(after)
        return precision is None or precision - scale >= digits
    return new == "double precision" and old in _EXACT_IN_DOUBLE


def _numeric_widens(before: str, after: str) -> bool:
    old_precision, old_scale = _numeric(before)
    precision, scale = _numeric(after)
    if precision is None:
        return True
    if old_precision is None:
        return False
    return scale >= old_scale and precision - scale >= old_precision - old_scale


def _numeric(declared: str) -> tuple[int | None, int]:
    match = _MODIFIERS.search(declared)
    return (int(match.group(1)), int(match.group(2) or 0)) if match else (None, 0)


def _length(declared: str) -> int | None:
    match = _MODIFIERS.search(declared)
    return int(match.group(1)) if match else None


def _precision(declared: str) -> int:
    length = _length(declared)
    return _MAX_TIME_PRECISION if length is None else length


def _at_most(length: int | None, limit: int | None) -> bool:
    return length is not None and limit is not None and length <= limit
