"""From a script's values to COPY text fields.

Owns what may go into a column of a kind. Text is passed on for the server to judge; any other
value that the column can't hold exactly (half a number in an integer column, a local time where an
instant is meant) is refused, never bent. Standard library alone: the worker imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isinf, isnan
from typing import Any
from uuid import UUID

from arus_dagster.engine.transform import exact_json
from arus_dagster.engine.transform.copytext import NULL, escape
from arus_dagster.engine.transform.kinds import Kind

Encoder = Callable[[Any], str]


class UnstorableError(ValueError):
    """The value can't go into the column; the message says why, without the value."""


def _refused(value: object, wanted: str) -> UnstorableError:
    return UnstorableError(f"a {type(value).__name__} can't be stored as {wanted}")


def _float_text(value: float) -> str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _number_text(value: Any, wanted: str) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case int():
            return int.__repr__(value)
        case float():
            return _float_text(value)
        case Decimal():
            if value.is_snan():
                raise UnstorableError("a signalling NaN can't be stored")
            return str(value)
    raise _refused(value, wanted)


def _text(value: Any) -> str:
    match value:
        case str():
            return str.__str__(value)
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number_text(value, "text")
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _interval(value)
        case UUID():
            return str(value)
    raise _refused(value, "text (turn it into a str in the script)")


def _boolean(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int) and value in (0, 1):
        return "t" if value else "f"
    raise _refused(value, "boolean")


def _integer(value: Any) -> str:
    if isinstance(value, float | Decimal):
        try:
            whole = int(value)
        except (ValueError, OverflowError):
            raise _refused(value, "an integer") from None
        if whole != value:
            raise UnstorableError(f"a {type(value).__name__} with a fraction is no integer")
        return str(whole)
    return _number_text(value, "an integer")


def _bytes(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    raise _refused(value, "bytea")


def _date(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise _refused(value, "a date")


def _timestamp(value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise UnstorableError(
                "a datetime with a time zone can't be stored as timestamp without losing it"
            )
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    raise _refused(value, "a timestamp")


def _timestamptz(value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnstorableError("a datetime without a time zone is no instant (timestamptz)")
        return value.isoformat(" ")
    raise _refused(value, "a timestamp with time zone")


def _time(value: Any) -> str:
    if isinstance(value, time) and value.tzinfo is None:
        return value.isoformat()
    raise _refused(value, "a time without time zone")


def _timetz(value: Any) -> str:
    if isinstance(value, time) and value.tzinfo is not None:
        return value.isoformat()
    raise _refused(value, "a time with time zone")


def _interval(value: Any) -> str:
    if isinstance(value, timedelta):
        # Days and seconds of a timedelta may differ in sign; PostgreSQL reads them so too.
        return f"{value.days} days {value.seconds}.{value.microseconds:06d} seconds"
    raise _refused(value, "an interval")


def _uuid(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise _refused(value, "a uuid")


def _numeric(value: Any) -> str:
    return _number_text(value, "a number")


_ENCODERS: dict[Kind, Encoder] = {
    "boolean": _boolean,
    "integer": _integer,
    "numeric": _numeric,
    "float": _numeric,
    "text": _text,
    "bytes": _bytes,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "time": _time,
    "timetz": _timetz,
    "interval": _interval,
    "uuid": _uuid,
}


def _scalar_encoder(form: Encoder) -> Encoder:
    def encode(value: Any) -> str:
        if type(value) is str:
            return escape(value)
        if value is None:
            return NULL
        return escape(str.__str__(value) if isinstance(value, str) else form(value))

    return encode


def _number_encoder(form: Encoder) -> Encoder:
    general = _scalar_encoder(form)

    def encode(value: Any) -> str:
        return repr(value) if type(value) is int else general(value)

    return encode


def _encode_json(value: Any) -> str:
    return NULL if value is None else escape(exact_json.dumps(value))


def encoder(kind: Kind) -> Encoder:
    """The function that turns a value into a field of that kind.

    The function raises ValueError (``UnstorableError`` among them) with the reason.
    """
    if kind == "json":
        return _encode_json
    form = _ENCODERS[kind]
    if kind in ("integer", "numeric", "float"):
        return _number_encoder(form)
    return _scalar_encoder(form)
