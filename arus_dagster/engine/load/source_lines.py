"""The source's own lines, kept with the rows that scripts made of them.

Owns the column that holds them in a stage. Refuses to look into them.
"""

from __future__ import annotations

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.copy_text import decode_field, split_lines
from arus_dagster.dialects.postgresql.names import SOURCE_LINE

# For the dead letters and soft deletes.
SOURCE_COLUMN = Column(SOURCE_LINE, "text", "text")


def source_line(line: bytes) -> bytes:
    """The source's own line in a line of transformed rows, of which it is the last field."""
    source = decode_field(line.removesuffix(b"\n").rpartition(b"\t")[2])
    assert source is not None  # every row is made of one
    return source + b"\n"


def without_lines(data: bytes, refused: list[bytes]) -> bytes:
    """The lines of a chunk without the refused ones; of equal lines, as many as were refused."""
    left = list(refused)
    kept = []
    for line in split_lines(data):
        if line in left:
            left.remove(line)
        else:
            kept.append(line)
    return b"".join(kept)
