"""Which rows belong to a read, as SQL conditions, and the greatest watermark among them.

Owns the bounds' meaning. It must be the same as the warehouse's (``postgresql/predicates``),
since without a key the rows of a window are deleted there and come from here. So texts compare by
their UTF-8 bytes, and what is no date is NULL there, and here belongs to every window.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from arus_dagster.dialects.base import Column, Read, TableShape, Window
from arus_dagster.dialects.mysql.fields import is_date, text_of
from arus_dagster.dialects.mysql.filters import enclosed
from arus_dagster.dialects.mysql.names import binary_literal, identifier, literal
from arus_dagster.dialects.mysql.types import CALENDAR, Family, bit_width, family
from arus_dagster.errors import ConfigurationError

_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_FLOAT = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?\Z", re.IGNORECASE)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(?:Z|\+00(?::?00)?)?\Z"
)
_TIME = re.compile(r"-?\d+:\d\d:\d\d(\.\d{1,6})?\Z")
_BYTES = re.compile(r"\\x((?:[0-9a-fA-F]{2})*)\Z")
_BITS = re.compile(r"[01]+\Z")
_UNORDERED = frozenset({Family.JSON, Family.GEOMETRY, Family.INET})


def where(read: Read) -> str:
    """The WHERE clause of a read, or nothing.

    Raises:
        ConfigurationError: a bound does not fit its column, or the column has no order.
    """
    conditions = []
    if read.window is not None:
        within = _in_window(read.shape, read.window)
        if within:
            conditions.append(within)
    if read.among is not None:
        name, values = read.among
        conditions.append(f"{identifier(name)} IN ({', '.join(map(literal, values))})")
    if read.row_filter:
        conditions.append(enclosed(read.row_filter))
    if read.exclude_deleted:
        deleted = _is_deleted(_column(read.shape, read.exclude_deleted))
        conditions.append(f"NOT {deleted}")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def greatest(column: Column) -> str:
    """The text of the greatest value, in the form that bounds come in; may be no date."""
    if not _by_bytes(column):
        return _text_of_max(column, None)
    value = _ordered(column)
    # A text with a zero character never reaches the warehouse, which could not hold the bound.
    return f"MAX(IF(INSTR({value}, X'00') = 0, {value}, NULL))"


def greatest_date(column: Column) -> str:
    """The same among dates of the calendar alone, at the cost of looking at every row."""
    return _text_of_max(column, is_date(identifier(column.name)))


def is_calendar_date(text: str) -> bool:
    """Whether the server's text names a date of the calendar."""
    try:
        _moment(text)
    except ValueError:
        return False
    return True


def watermark_column(shape: TableShape, name: str) -> Column:
    """The column of a bound.

    Raises:
        ConfigurationError: there is no such column, or its type has no order.
    """
    column = _column(shape, name)
    if family(column) in _UNORDERED or column.target_type == "boolean":
        raise ConfigurationError(
            f"column {name} of {shape.table} can't serve as watermark: its type "
            f"{column.source_type} has no order"
        )
    return column


def _in_window(shape: TableShape, window: Window) -> str | None:
    column = watermark_column(shape, window.column)
    ordered = _ordered(column)
    bounds = []
    if window.lower is not None:
        bounds.append(f"{ordered} >= {_bound(column, window.lower, window.lookback_seconds)}")
    if window.upper is not None:
        bounds.append(f"{ordered} <= {_bound(column, window.upper, 0)}")
    if not bounds:
        return None
    parts = [f"({' AND '.join(bounds)})", f"{identifier(column.name)} IS NULL"]
    if family(column) in CALENDAR:
        parts.append(_dateless(shape, column))
    if window.deleted_column:
        deleted = _deleted_since(_column(shape, window.deleted_column), window)
        if deleted:
            parts.append(deleted)
    return f"({' OR '.join(parts)})"


def _dateless(shape: TableShape, column: Column) -> str:
    """The rows whose watermark is no date.

    With a key only those that sort before every date are looked for, which an index can do; the
    rest keep the place in the order that the server gives them, since a row loaded once stays.
    Without a key the warehouse drops all rows without a watermark, so all have to come again.
    """
    name = identifier(column.name)
    if family(column) is Family.TIMESTAMP:
        return f"{name} = '0000-00-00 00:00:00'"  # it can hold no other that is no date
    if shape.primary_key:
        return f"{name} < '0001-01-01'"
    return f"{is_date(name)} IS NOT TRUE"


def _deleted_since(column: Column, window: Window) -> str | None:
    if window.lower is None:
        return None
    if family(column) not in CALENDAR or window.deleted_lower is None:
        return _is_deleted(column)
    bound = _bound(column, window.deleted_lower, window.lookback_seconds)
    return f"({identifier(column.name)} >= {bound})"


def _is_deleted(column: Column) -> str:
    """The condition for a row to count as soft-deleted; never unknown."""
    name = identifier(column.name)
    if family(column) in CALENDAR:
        return f"({is_date(name)} IS TRUE)"
    if column.target_type == "boolean" or family(column) in (
        Family.INTEGER,
        Family.DECIMAL,
        Family.YEAR,
    ):
        return f"(IFNULL({name} + 0, 0) <> 0)"
    return f"({name} IS NOT NULL)"


def _by_bytes(column: Column) -> bool:
    return family(column) in (Family.TEXT, Family.UUID)


def _ordered(column: Column) -> str:
    """What to compare, so that the order is the warehouse's."""
    name = identifier(column.name)
    match family(column):
        case Family.TEXT:
            return f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"
        case Family.UUID:
            return f"CAST(CAST({name} AS CHAR CHARACTER SET utf8mb4) AS BINARY)"
        case Family.YEAR | Family.BIT:
            return f"({name} + 0)"
        case _:
            return name


def _text_of_max(column: Column, condition: str | None) -> str:
    value = _ordered(column)
    if condition:
        value = f"IF({condition}, {value}, NULL)"
    most = f"MAX({value})"
    match family(column):
        case Family.YEAR:
            return most
        case Family.BIT:
            return f"LPAD(BIN({most}), {bit_width(column.source_type)}, '0')"
        case Family.BINARY:
            return rf"CONCAT('\\x', HEX({most}))"
        case _:
            return text_of(column, most)


def _bound(column: Column, text: str, lookback_seconds: int) -> str:
    """A bound as a literal of the column's type.

    Raises:
        ConfigurationError: the text is none of that type.
    """
    kind = family(column)
    try:
        match kind:
            case Family.INTEGER | Family.DECIMAL | Family.YEAR:
                return _matching(_NUMBER, text)
            case Family.FLOAT:
                number = _matching(_FLOAT, text)
                return number if "e" in number.lower() else f"{number}e0"
            case Family.BIT:
                return str(int(_matching(_BITS, text), 2))
            case Family.TIME:
                return f"CAST({literal(_matching(_TIME, text))} AS TIME(6))"
            case Family.BINARY:
                found = _BYTES.match(text)
                if found is None:
                    raise ValueError
                return binary_literal(bytes.fromhex(found.group(1)))
            case Family.DATE | Family.DATETIME | Family.TIMESTAMP:
                moment = _earlier(_moment(text), lookback_seconds)
                return f"CAST({literal(moment.isoformat(' ', 'microseconds'))} AS DATETIME(6))"
            case _:
                return binary_literal(text.encode())
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no value of column {column.name}, which is {column.source_type}"
        ) from None


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.match(text):
        raise ValueError
    return text


def _moment(text: str) -> datetime:
    found = _MOMENT.match(text)
    if found is None:
        raise ValueError
    *parts, fraction = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    return datetime(year, month, day, hour, minute, second, int((fraction or "").ljust(6, "0")))


def _earlier(moment: datetime, seconds: int) -> datetime:
    try:
        return moment - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min


def _column(shape: TableShape, name: str) -> Column:
    column = shape.column(name)
    if column is None:
        raise ConfigurationError(f"{shape.table} has no column {name}")
    return column
