"""What a chunk holds that has to be looked into is found wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.mysql.screening import Screen

DAY = Column("day", "date", "date")
NOTE = Column("note", "text", "text")
DOC = Column("doc", "json", "json")
# As lines have them: a backslash of a value's own is doubled, so only the server writes a mark.
DAYS = [b"2024-01-31", b"\\N", b"\\Z", b"\\Y0000-00-00"]
NOTES = [b"", b"Z", b"C:\\\\Zoo", b"\\\\Y", b"a\\t\\\\Z", b"zero \0 byte", b"\\\\u0000"]
DOCS = [b"{}", b'"\\\\u0000"', b'"\\\\\\\\u0000"', b"\\N"]


def expected(rows: Sequence[tuple[bytes, bytes, bytes]]) -> tuple[bytes, int, int]:
    """The lines that stay, how many don't, and how many dates became NULL."""
    kept = [
        row
        for row in rows
        if not row[0].startswith(b"\\Y") and b"\0" not in row[1] and row[2] != b'"\\\\u0000"'
    ]
    lines = [b"\t".join((b"\\N" if row[0] == b"\\Z" else row[0], *row[1:])) for row in kept]
    data = b"".join(line + b"\n" for line in lines)
    return data, len(rows) - len(kept), sum(row[0] == b"\\Z" for row in kept)


@given(
    st.lists(
        st.tuples(st.sampled_from(DAYS), st.sampled_from(NOTES), st.sampled_from(DOCS)), max_size=6
    ),
    st.permutations(range(3)),
)
def test_each_fault_is_found_among_any_others(
    rows: list[tuple[bytes, bytes, bytes]], order: list[int]
) -> None:
    columns = [DAY, NOTE, DOC]
    data, rejected, no_dates = expected(rows)
    kept = [line.split(b"\t") for line in data.splitlines()]
    chunk = Screen([columns[n] for n in order]).chunk(
        [b"\t".join(row[n] for n in order) for row in rows]
    )
    assert chunk.data == b"".join(b"\t".join(fields[n] for n in order) + b"\n" for fields in kept)
    assert (chunk.rows, len(chunk.rejected)) == (len(kept), rejected)
    assert dict(chunk.warnings) == ({"zero_date": no_dates} if no_dates else {})


def test_without_dates_and_json_only_zero_bytes_are_looked_for() -> None:
    chunk = Screen([NOTE]).chunk([b"\\\\Z", b"\\\\u0000", b"a\0b"])
    assert chunk.data == b"\\\\Z\n\\\\u0000\n"
    assert (chunk.rows, len(chunk.rejected)) == (2, 1)
