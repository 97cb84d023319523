"""From COPY text fields to the values a script sees.

Owns one function a kind. A value that Python can't hold (infinite or BC dates, 24:00:00, years
past 9999, …) is given as its text, never changed and never refused. Standard library alone: the
worker imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from arus_dagster.engine.transform import exact_json
from arus_dagster.engine.transform.copytext import NULL, unescape
from arus_dagster.engine.transform.kinds import Kind

Decoder = Callable[[str], Any]

_BOOLEANS = {"t": True, "f": False, "1": True, "0": False, "true": True, "false": False}
_ISO_DATE = len("2024-01-31")


def _text(field: str) -> str | None:
    if "\\" not in field:
        return field
    return None if field == NULL else unescape(field)


def _boolean(field: str) -> bool | str | None:
    value = _BOOLEANS.get(field)
    return _text(field) if value is None else value


def _integer(field: str) -> int | str | None:
    try:
        return int(field)
    except ValueError:
        return _text(field)


def _numeric(field: str) -> Decimal | str | None:
    if field == NULL:
        return None
    try:
        return Decimal(field)
    except ArithmeticError:
        return _text(field)


def _float(field: str) -> float | str | None:
    try:
        return float(field)
    except ValueError:
        return _text(field)


def _bytes(field: str) -> bytes | str | None:
    if field.startswith("\\\\x"):
        try:
            return bytes.fromhex(field[3:])
        except ValueError:
            return _text(field)
    return _text(field)


def _date(field: str) -> date | str | None:
    # Other lengths are years past 9999, BC and infinity; fromisoformat would take some of them
    # for other calendar notations.
    if len(field) == _ISO_DATE:
        try:
            return date.fromisoformat(field)
        except ValueError:
            return field
    return _text(field)


def _timestamp(field: str) -> datetime | str | None:
    if len(field) > _ISO_DATE and field[_ISO_DATE] == " " and field[4] == "-":
        try:
            return datetime.fromisoformat(field)
        except ValueError:
            return field
    return _text(field)


def _time(field: str) -> time | str | None:
    if field[2:3] == ":" and not field.startswith("24"):
        try:
            return time.fromisoformat(field)
        except ValueError:
            return field
    return _text(field)


def _uuid(field: str) -> UUID | str | None:
    if field == NULL:
        return None
    try:
        return UUID(field)
    except ValueError:
        return _text(field)


def _json(field: str) -> Any:
    if field == NULL:
        return None
    text = unescape(field)
    try:
        return exact_json.loads(text)
    except (ValueError, RecursionError):
        return text


_DECODERS: dict[Kind, Decoder] = {
    "boolean": _boolean,
    "integer": _integer,
    "numeric": _numeric,
    "float": _float,
    "text": _text,
    "bytes": _bytes,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "time": _time,
    "timetz": _time,
    "interval": _text,
    "uuid": _uuid,
    "json": _json,
}


def decoder(kind: Kind) -> Decoder:
    """The function that turns a field of that kind into its value."""
    return _DECODERS[kind]
