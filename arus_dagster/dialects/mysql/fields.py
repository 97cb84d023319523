"""SQL by which the server itself writes rows as lines in PostgreSQL's COPY text format.

Owns the text form of every type, and the marks by which a line says that a value was no date.
The server has to do the formatting: done in Python it costs several times as much. Refuses to let
a value get lost on the way: SQL functions answer NULL for a result longer than
``max_allowed_packet``, so a row that might get that long comes in parts instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.mysql.names import identifier
from arus_dagster.dialects.mysql.types import (
    CALENDAR,
    Family,
    bit_width,
    declared_length,
    family,
    is_zerofill,
    word,
)
from arus_dagster.errors import DataError

# Fields that no value yields, because a backslash in a value is always doubled: the server saw
# a date that is none, which becomes NULL; in a key, where it can't, the date's text follows.
NO_DATE = b"\\Z"
NO_DATE_IN_KEY = b"\\Y"

_NULL = r"'\\N'"
_NO_DATE = r"'\\Z'"
_NO_DATE_IN_KEY = r"'\\Y'"
_TAB = r"'\t'"
# Types whose values may be long, and how many bytes they may have.
_LARGE = {
    "tinytext": 2**8,
    "tinyblob": 2**8,
    "text": 2**16,
    "blob": 2**16,
    "mediumtext": 2**24,
    "mediumblob": 2**24,
    "longtext": 2**32,
    "longblob": 2**32,
    "json": 2**32,
}
# The server's REPLACE moves the rest of a text for every character it escapes.
_LONG_TEXT_BYTES = 16_384
_SMALL_TEXT_BYTES = 1_024
_MOST_GROWTH = 4  # of a text: other character sets take up to three bytes of UTF-8 for one
_SMALL_ROW_BYTES = 4 * 65_535  # what all columns of other types may have together
_SMALL_VALUE_BYTES = 100


class LineFormat:
    """How the rows of some columns become lines.

    Args:
        columns: in the order of the line's fields.
        max_bytes: the server's ``max_allowed_packet``.
    """

    def __init__(self, columns: Sequence[Column], max_bytes: int) -> None:
        self._columns = columns
        self._max_bytes = max_bytes
        self._long = [column for column in columns if _may_be_long(column)]

    def select_list(self) -> str:
        """What to select: the line; behind it, where a row may be too long for one, the fields of
        the columns that are always short and each of the others, NULL as long as there is a line.
        """
        line = _line(self._columns)
        if not self._long:
            return line
        apart = self._apart()
        short = [column for column in self._columns if not _may_be_long(column)]
        parts = [f"IF({apart}, NULL, {line})"]
        parts.append(f"IF({apart}, {_line(short)}, NULL)" if short else "NULL")
        parts += [f"IF({apart}, {_unescaped(column)}, NULL)" for column in self._long]
        return ", ".join(parts)

    def join(self, values: Sequence[bytes | None]) -> bytes:
        """The line of a row that came in parts.

        Raises:
            DataError: the server gave no line, and no parts either.
        """
        short, *long = values or (None,)
        if len(long) != len(self._long) or (short is None and len(long) < len(self._columns)):
            raise DataError(
                "the source gave no text for a row: it is longer than its max_allowed_packet"
                f" ({self._max_bytes} bytes)"
            )
        fields = iter(short.split(b"\t") if short is not None else ())
        long_values = iter(long)
        return b"\t".join(
            _field_of(column, next(long_values)) if _may_be_long(column) else next(fields)
            for column in self._columns
        )

    def _apart(self) -> str:
        """The condition for a row to come in parts.

        The server evaluates it for every column that may be long, so it adds nothing up: each
        value has its equal share of the room. The length of NULL is NULL, which is no reason.
        """
        room = self._max_bytes - _SMALL_ROW_BYTES - _SMALL_VALUE_BYTES * len(self._columns)
        text = [c for c in self._long if _is_text(c)]
        binary = [c for c in self._long if not _is_text(c)]
        text_room = min(_LONG_TEXT_BYTES * _MOST_GROWTH, max(room, 0)) if text else 0
        binary_room = max(room - text_room, 0)
        conditions = [_longer(c, text_room // len(text)) for c in text]
        if sum(_growth(c) * _limit(c) for c in binary) > binary_room:
            conditions += [_longer(c, binary_room // len(binary)) for c in binary]
        return " OR ".join(conditions) or "FALSE"


def _line(columns: Sequence[Column]) -> str:
    return f"CONCAT({f',{_TAB},'.join(field(column) for column in columns)})"


def _longer(column: Column, room: int) -> str:
    """The condition for a value's text to be possibly longer than ``room`` bytes."""
    return f"LENGTH({identifier(column.name)}) > {room // _growth(column)}"


def _unescaped(column: Column) -> str:
    if _is_text(column):
        return _utf8(column)
    # As binary, so that a geometry is not taken for a value of some other type.
    return f"CAST({identifier(column.name)} AS BINARY)"


def _field_of(column: Column, value: bytes | None) -> bytes:
    """The field of a long value that came as it is."""
    if value is None:
        return b"\\N"
    if _is_text(column):
        return _escaped(value)
    if family(column) is Family.GEOMETRY:
        value = _extended(value)
    return b"\\\\x" + value.hex().upper().encode("ascii")


def field(column: Column) -> str:
    """The SQL expression of the column's field, NULL only where the server failed at it."""
    name = identifier(column.name)
    if family(column) in CALENDAR:
        wrong = (
            f"CONCAT({_NO_DATE_IN_KEY}, {name})" if column.key_position is not None else _NO_DATE
        )
        # A timestamp is a moment or zero; only the other types hold what the calendar doesn't.
        moment = family(column) is Family.TIMESTAMP
        right = f"{name} >= '0001-01-01'" if moment else is_date(name)
        return f"IF({name} IS NULL, {_NULL}, IF({right}, {text_of(column, name)}, {wrong}))"
    return f"IF({name} IS NULL, {_NULL}, {text_of(column, name)})"


def is_date(expression: str) -> str:
    """A condition that holds for dates of the calendar, is NULL for NULL and no date.

    Date arithmetic refuses incomplete dates and moves impossible ones.
    """
    return f"({expression} + INTERVAL 0 DAY = {expression} AND {expression} >= '0001-01-01')"


def text_of(column: Column, expression: str) -> str:
    """The COPY text of a value that is neither NULL nor a wrong date.

    Args:
        expression: of the column's type.
    """
    match family(column):
        case Family.INTEGER if column.target_type == "boolean":
            return f"IF({expression} = 0, 'f', 't')"
        case Family.INTEGER | Family.DECIMAL:
            return f"({expression} + 0)" if is_zerofill(column.source_type) else expression
        case Family.FLOAT:
            # A float's own text is cut to six digits, or to those declared; a double's is exact.
            return f"({expression} * 1e0)"
        case Family.BIT if column.target_type == "boolean":
            return f"IF({expression} = 0, 'f', 't')"
        case Family.BIT:
            return f"LPAD(BIN({expression} + 0), {bit_width(column.source_type)}, '0')"
        case Family.YEAR:
            return f"({expression} + 0)"
        case Family.TIMESTAMP:
            return f"CONCAT({expression}, '+00')"
        case Family.DATE | Family.DATETIME | Family.TIME:
            return f"CONCAT({expression})"
        case Family.BINARY:
            return rf"CONCAT('\\\\x', HEX({expression}))"
        case Family.GEOMETRY:
            return rf"CONCAT('\\\\x', {_extended_hex(expression)})"
        case Family.UUID | Family.INET:
            return f"CAST({expression} AS CHAR CHARACTER SET utf8mb4)"
        case Family.TEXT | Family.JSON:
            text = _utf8(column, expression)
            for special, escaped in ((r"\\", r"\\\\"), (r"\t", r"\\t"), (r"\n", r"\\n")):
                text = f"REPLACE({text}, '{special}', '{escaped}')"
            return rf"REPLACE({text}, '\r', '\\r')"


def _utf8(column: Column, expression: str | None = None) -> str:
    """The text as UTF-8; the binary collation makes REPLACE several times as fast."""
    text = expression or identifier(column.name)
    if column.attributes.get("charset") != "utf8mb4" or family(column) is Family.JSON:
        text = f"CONVERT({text} USING utf8mb4)"
    return f"{text} COLLATE utf8mb4_bin"


def _extended_hex(value: str) -> str:
    """A geometry's hex: the server keeps the SRID in four bytes before the well-known binary."""
    hexed = f"HEX({value})"
    return (
        f"IF(LEFT({hexed}, 8) = '00000000', SUBSTR({hexed}, 9), CONCAT(SUBSTR({hexed}, 9, 8), '20',"
        f" LEFT({hexed}, 8), SUBSTR({hexed}, 19)))"
    )


def _extended(value: bytes) -> bytes:
    """What ``_extended_hex`` does, for a geometry that comes as it is."""
    srid, binary = value[:4], value[4:]
    return binary if srid == bytes(4) else binary[:4] + b"\x20" + srid + binary[5:]


def _escaped(text: bytes) -> bytes:
    return (
        text.replace(b"\\", b"\\\\")
        .replace(b"\t", b"\\t")
        .replace(b"\n", b"\\n")
        .replace(b"\r", b"\\r")
    )


def _may_be_long(column: Column) -> bool:
    if word(column.source_type) in _LARGE or family(column) is Family.GEOMETRY:
        return True
    return _is_text(column) and declared_length(column.source_type) > _SMALL_TEXT_BYTES


def _is_text(column: Column) -> bool:
    return family(column) in (Family.TEXT, Family.JSON)


def _limit(column: Column) -> int:
    if family(column) is Family.GEOMETRY:
        return 2**32
    return _LARGE.get(word(column.source_type), 0)  # the others share what a row may have


def _growth(column: Column) -> int:
    """How many times its stored bytes a value's text may have."""
    if not _is_text(column) or column.attributes.get("charset") == "utf8mb4":
        return 2  # hexadecimal, or every character escaped
    return _MOST_GROWTH
