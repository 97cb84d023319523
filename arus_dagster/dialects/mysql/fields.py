"""SQL by which the server itself writes rows as lines in PostgreSQL's COPY text format.

Owns the text form of every type, and the marks by which a line says that a value was no date.
The server has to do the formatting: done in Python it costs several times as much. Refuses to let
a value get lost on the way: SQL functions answer NULL for a result longer than
``max_allowed_packet``, so a row that might get that long comes column by column instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.mysql.names import identifier
from arus_dagster.dialects.mysql.types import (
    CALENDAR,
    Family,
    bit_width,
    family,
    is_zerofill,
    word,
)

# Fields that no value yields, because a backslash in a value is always doubled: the server saw
# a date that is none, which becomes NULL; in a key, where it can't, the date's text follows.
NO_DATE = b"\\Z"
NO_DATE_IN_KEY = b"\\Y"

_NULL = r"'\\N'"
_NO_DATE = r"'\\Z'"
_NO_DATE_IN_KEY = r"'\\Y'"
_TAB = r"'\t'"
# Bytes a value of the type may have at most, where a row's own limit of 65,535 does not hold.
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
_SMALL_ROW_BYTES = 4 * 65_535
_SMALL_VALUE_BYTES = 100


class LineFormat:
    """How the rows of some columns become lines.

    Args:
        columns: in the order of the line's fields.
        max_bytes: the server's ``max_allowed_packet``.
    """

    def __init__(self, columns: Sequence[Column], max_bytes: int) -> None:
        self.columns = columns
        self._large = [column for column in columns if _is_large(column)]
        self._max_bytes = max_bytes
        small = _SMALL_ROW_BYTES + _SMALL_VALUE_BYTES * len(columns)
        largest = small + sum(_growth(c) * _limit(c) for c in self._large)
        self.is_split = largest > max_bytes
        self._small_bytes = small

    def select_list(self) -> str:
        """What to select: the line; then, where rows may be too long for one, every column, NULL
        as long as there is a line."""
        line = f"CONCAT({f',{_TAB},'.join(field(column) for column in self.columns)})"
        if not self.is_split:
            return line
        size = " + ".join(
            f"{_growth(c)} * IFNULL(LENGTH({identifier(c.name)}), 0)" for c in self._large
        )
        too_long = f"{size} > {max(self._max_bytes - self._small_bytes, 0)}"
        parts = [f"IF({too_long}, NULL, {line})"]
        parts += [f"IF({too_long}, {self._single(c)}, NULL)" for c in self.columns]
        return ", ".join(parts)

    def join(self, values: Sequence[bytes | None]) -> bytes:
        """The line of a row that came column by column."""
        return b"\t".join(map(self._field_of, self.columns, values))

    def _single(self, column: Column) -> str:
        if not _is_large(column):
            return field(column)
        name = identifier(column.name)
        # As binary, so that a geometry is not taken for a value of some other type.
        return _utf8(column) if _is_text(column) else f"CAST({name} AS BINARY)"

    def _field_of(self, column: Column, value: bytes | None) -> bytes:
        if value is None:
            return b"\\N"
        if not _is_large(column):
            return value
        if _is_text(column):
            return _escaped(value)
        return b"\\\\x" + (
            _extended(value) if family(column) is Family.GEOMETRY else value
        ).hex().upper().encode("ascii")


def field(column: Column) -> str:
    """The SQL expression of the column's field, NULL only where the server failed at it."""
    name = identifier(column.name)
    if family(column) in CALENDAR:
        wrong = (
            f"CONCAT({_NO_DATE_IN_KEY}, {name})" if column.key_position is not None else _NO_DATE
        )
        return f"IF({name} IS NULL, {_NULL}, IF({is_date(name)}, {text_of(column, name)}, {wrong}))"
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


def _is_large(column: Column) -> bool:
    return word(column.source_type) in _LARGE or family(column) is Family.GEOMETRY


def _is_text(column: Column) -> bool:
    return family(column) in (Family.TEXT, Family.JSON)


def _limit(column: Column) -> int:
    return _LARGE.get(word(column.source_type), 2**32)


def _growth(column: Column) -> int:
    """How many times its stored bytes a value's text may have."""
    if not _is_text(column) or column.attributes.get("charset") == "utf8mb4":
        return 2  # hexadecimal, or every character escaped
    return 4  # other character sets: up to three bytes of UTF-8 for one
