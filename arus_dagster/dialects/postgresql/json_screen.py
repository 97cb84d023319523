"""JSON that PostgreSQL takes as ``json`` and yet can't read back: an escaped zero character.

Owns the rule that such a row is set aside on every path, since neither ``jsonb`` nor text could
ever hold the value. Chunks are searched as a whole; single lines only where something was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from arus_dagster.dialects.base import Chunk, Column, RejectedRow
from arus_dagster.dialects.copy_text import decode_line, split_lines

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_IN_A_LINE = b"\\\\u0000"  # a backslash stands doubled in a line


class JsonScreen:
    """The check of one read's lines.

    Args:
        columns: in the order of the lines' fields.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._arrays: Mapping[int, bool] = {
            position: column.target_type.endswith("[]")
            for position, column in enumerate(columns)
            if column.target_type in ("json", "json[]")
        }

    def chunk(self, data: bytes) -> Chunk:
        """The lines as a chunk, without those that are set aside."""
        if not self._arrays or _IN_A_LINE not in data:
            return Chunk(data, data.count(b"\n"))
        kept: list[bytes] = []
        rejected: list[RejectedRow] = []
        for line in split_lines(data):
            values = decode_line(line) if _IN_A_LINE in line else []
            reason = self.fault(values)
            if reason is None:
                kept.append(line)
            else:
                names = (column.name for column in self._columns)
                rejected.append(
                    RejectedRow("extract", reason, dict(zip(names, values, strict=True)))
                )
        return Chunk(b"".join(kept), len(kept), tuple(rejected))

    def fault(self, values: Sequence[str | None]) -> str | None:
        """Why a row of these values can't be loaded, or None."""
        for position, is_array in self._arrays.items() if values else ():
            value = values[position]
            if value is None:
                continue
            if is_array:
                value = value.replace("\\\\", "\\")
            if _ESCAPED_NUL.search(value):
                return (
                    f"column {self._columns[position].name}: the JSON holds an escaped zero"
                    " character (\\u0000), which PostgreSQL can't hold as text"
                )
        return None
