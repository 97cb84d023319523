"""A table in which rows wait, and COPY with the faulty lines taken out.

Owns what happens to a chunk on its way into a table. A line the server refuses is found by the
line number in the server's error, and only given up after it failed alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.copy_text import split_lines
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.driver_errors import RowFaultError
from arus_dagster.dialects.postgresql.names import (
    RUN_ID_COLUMN,
    identifier,
    identifiers,
    literal,
)

Reject = Callable[[str, bytes], None]

# Where one line is at fault, more are likely: what is sent again after it stays small.
_LINES_AFTER_FAULT = 256


class Stage:
    """A table that the open transaction made, and that nobody else sees.

    Args:
        sql: the table, quoted.
        columns: those that it has.
    """

    def __init__(self, connection: Connection, sql: str, columns: Sequence[Column]) -> None:
        self._connection = connection
        self._types = {column.name: column.target_type for column in columns}
        self.sql = sql

    @classmethod
    def temporary(
        cls,
        connection: Connection,
        name: str,
        columns: Sequence[Column],
        required: Collection[str] = (),
    ) -> Stage:
        """A temporary table, dropped with the transaction.

        Args:
            name: unquoted.
            required: columns that may not be NULL, so that such a row is refused by itself.
        """
        definitions = ", ".join(
            f"{identifier(column.name)} {column.target_type}"
            + (" NOT NULL" if column.name in required else "")
            for column in columns
        )
        connection.execute(f"CREATE TEMP TABLE {identifier(name)} ({definitions}) ON COMMIT DROP")
        return cls(connection, f"pg_temp.{identifier(name)}", columns)

    def fit(self, columns: Sequence[Column]) -> None:
        """Add columns that are missing and change types that differ."""
        for column in columns:
            name = identifier(column.name)
            present = self._types.get(column.name)
            if present is None:
                self._connection.execute(
                    f"ALTER TABLE {self.sql} ADD COLUMN {name} {column.target_type}"
                )
            elif present != column.target_type:
                self._connection.execute(
                    f"ALTER TABLE {self.sql} ALTER COLUMN {name} TYPE {column.target_type}"
                    f" USING {name}::text::{column.target_type}"
                )
            self._types[column.name] = column.target_type

    def pages(self) -> int:
        """How many pages of the server's the rows lie in."""
        size = f"pg_relation_size({literal(self.sql)}::regclass)"
        return int(self._connection.value(f"SELECT {size} / current_setting('block_size')::int"))

    def line(self, row: str, columns: Sequence[str]) -> bytes:
        """A row, chosen by a condition, as a line of COPY's text format with its newline."""
        return self._copied(f"SELECT {identifiers(columns)} FROM {self.sql} WHERE {row}")

    def lines(self, columns: Sequence[str]) -> bytes:
        """All rows as such lines, for a stage that is small."""
        return self._copied(f"SELECT {identifiers(columns)} FROM {self.sql}")

    def clear(self) -> None:
        """Take all rows out."""
        self._connection.execute(f"TRUNCATE {self.sql}")

    def _copied(self, query: str) -> bytes:
        sink = io.BytesIO()
        self._connection.copy_out(f"COPY ({query}) TO STDOUT (FORMAT text, ENCODING 'UTF8')", sink)
        return sink.getvalue()

    def count(self, condition: str = "true") -> int:
        """How many rows fulfil the condition."""
        return int(self._connection.value(f"SELECT count(*) FROM {self.sql} WHERE {condition}"))


def copy_chunk(
    connection: Connection,
    table_sql: str,
    columns: Sequence[str],
    data: bytes,
    reject: Reject,
    *,
    run_id: str | None = None,
) -> int:
    """COPY whole lines into a table; the number of rows it took. The open transaction goes on.

    Args:
        table_sql: the table, quoted.
        columns: the columns the lines hold, named as in the table.
        reject: told the reason and the line of each row the server refuses.
        run_id: what the table's ``_arus_run_id`` gets, if it has one: put behind every line, since
            a column's default would be evaluated for every row, at more cost than the row's own.
    """
    named = identifiers(columns)
    end = b"\n"
    if run_id is not None:
        named += f", {RUN_ID_COLUMN}"
        end = b"\t" + run_id.encode() + b"\n"
    sql = f"COPY {table_sql} ({named}) FROM STDIN (FORMAT text, ENCODING 'UTF8')"

    def attempt(part: bytes) -> int:
        if run_id is not None:
            part = part.replace(b"\n", end)  # in a value it would be escaped
        connection.execute("SAVEPOINT arus_chunk")
        try:
            taken = connection.copy_in(sql, part)
        except RowFaultError:
            connection.execute("ROLLBACK TO SAVEPOINT arus_chunk")
            raise  # any other failure ends the transaction, which is its opener's to do
        connection.execute("RELEASE SAVEPOINT arus_chunk")
        return taken

    try:
        return attempt(data)
    except RowFaultError as fault:
        return _without_faulty(attempt, split_lines(data), fault, reject)


def _without_faulty(
    attempt: Callable[[bytes], int], lines: list[bytes], fault: RowFaultError, reject: Reject
) -> int:
    taken = 0
    waiting = _apart(lines, fault) if len(lines) > 1 else []
    if not waiting:
        reject(fault.message, lines[0])
    while waiting:
        part = waiting.pop()
        try:
            taken += attempt(b"".join(part))
        except RowFaultError as error:
            if len(part) == 1:
                reject(error.message, part[0])
            else:
                waiting.extend(_apart(part, error))
    return taken


def _apart(lines: list[bytes], fault: RowFaultError) -> list[list[bytes]]:
    """The lines in smaller parts, last part first; the line at fault alone where it is known."""
    if fault.line is None or not 1 <= fault.line <= len(lines):
        middle = len(lines) // 2
        return [lines[middle:], lines[:middle]]
    at = fault.line - 1
    rest = lines[at + 1 :]
    parts = [lines[:at], lines[at : at + 1]]
    parts += [rest[n : n + _LINES_AFTER_FAULT] for n in range(0, len(rest), _LINES_AFTER_FAULT)]
    return [part for part in reversed(parts) if part]
