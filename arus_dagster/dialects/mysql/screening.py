"""What a warehouse could not take as it is, found in lines and taken out or marked.

Owns the rejection of rows and the count of values that are no dates. Chunks are searched as a
whole and once; single lines are looked into only where something was found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from arus_dagster.dialects.base import Chunk, Column, RejectedRow
from arus_dagster.dialects.copy_text import decode_field
from arus_dagster.dialects.mysql.fields import NO_DATE, NO_DATE_IN_KEY
from arus_dagster.dialects.mysql.types import CALENDAR, family

_NULL = b"\\N"
_NO_DATE_FIELD = re.compile(rb"(^|\t)\\Z(?=[\t\n])", re.MULTILINE)
_WRONG_KEY = re.compile(rb"(?:^|\t)\\Y", re.MULTILINE)
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# What follows a backslash in a chunk that has to be looked into. It comes first in the expression,
# for the search then goes from one to the next, several times as fast as one for each.
_NO_DATE_FOLLOWS = rb"[YZ](?<![^\t\n]\\[YZ])"
_ESCAPED_NUL_FOLLOWS = rb"\\u0000"


class Screen:
    """The check of one read's lines.

    Args:
        columns: in the order of the lines' fields.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._json = [
            position
            for position, column in enumerate(columns)
            if column.target_type in ("json", "jsonb")
        ]
        follows = [_ESCAPED_NUL_FOLLOWS] if self._json else []
        if any(family(column) in CALENDAR for column in columns):
            follows.append(_NO_DATE_FOLLOWS)
        self._marks = re.compile(rb"\\(?:%b)" % b"|".join(follows)) if follows else None

    def chunk(self, lines: list[bytes]) -> Chunk:
        """The lines as a chunk, without those that can't be loaded."""
        rejected: tuple[RejectedRow, ...] = ()
        rows = len(lines)
        lines.append(b"")
        data = b"\n".join(lines)
        if b"\0" not in data and (self._marks is None or self._marks.search(data) is None):
            return Chunk(data, rows)
        if self._may_hold_faults(data):
            faults = [self._fault(line) for line in lines[:-1]]
            rejected = tuple(
                RejectedRow("extract", fault, self._payload(line))
                for line, fault in zip(lines, faults, strict=False)
                if fault is not None
            )
            if rejected:
                kept = [ln for ln, fault in zip(lines, faults, strict=False) if fault is None]
                rows = len(kept)
                data = b"".join(line + b"\n" for line in kept)
        if NO_DATE not in data:
            return Chunk(data, rows, rejected)
        data, count = _NO_DATE_FIELD.subn(rb"\1\\N", data)
        return Chunk(data, rows, rejected, {"zero_date": count} if count else {})

    def _may_hold_faults(self, data: bytes) -> bool:
        return (
            b"\0" in data
            # A backslash stands doubled in a line.
            or (bool(self._json) and b"\\\\u0000" in data)
            or (NO_DATE_IN_KEY in data and _WRONG_KEY.search(data) is not None)
        )

    def _fault(self, line: bytes) -> str | None:
        """Why the line can't be loaded, or None."""
        holds_nul = b"\0" in line
        holds_escaped = bool(self._json) and b"\\\\u0000" in line
        if not (holds_nul or holds_escaped or NO_DATE_IN_KEY in line):
            return None
        for position, (column, value) in enumerate(
            zip(self._columns, line.split(b"\t"), strict=True)
        ):
            if b"\0" in value:
                return (
                    f"column {column.name}: the text holds a zero byte, which PostgreSQL can't hold"
                )
            if value.startswith(NO_DATE_IN_KEY):
                return (
                    f"column {column.name}: a primary key can't do without a value, and "
                    f"{value[len(NO_DATE_IN_KEY) :].decode()} is no date"
                )
            if holds_escaped and position in self._json:
                text = decode_field(value)
                if text is not None and _ESCAPED_NUL.search(text):
                    return (
                        f"column {column.name}: the JSON holds an escaped zero character"
                        " (\\u0000), which PostgreSQL can't hold as text"
                    )
        return None

    def _payload(self, line: bytes) -> dict[str, str | None]:
        return {
            column.name: _shown(value)
            for column, value in zip(self._columns, line.split(b"\t"), strict=True)
        }


def _shown(value: bytes) -> str | None:
    if value == NO_DATE:
        return None
    if value.startswith(NO_DATE_IN_KEY):
        return value[len(NO_DATE_IN_KEY) :].decode()
    decoded = decode_field(value)
    return None if decoded is None else decoded.decode("utf-8", "backslashreplace")
