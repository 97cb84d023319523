"""PostgreSQL as a source: tested, discovered, and read in one consistent snapshot.

Owns every statement sent to a source, and sends them in read-only transactions alone. Lines are
formatted by the server (``COPY … TO STDOUT``); Python looks into one only when its chunk holds
something that can't be loaded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from arus_dagster.dialects.base import (
    BinaryRows,
    Chunk,
    ConnectionSpec,
    HighWatermark,
    Read,
    ServerReport,
    TableRef,
    TableShape,
    Window,
)
from arus_dagster.dialects.postgresql import discovery
from arus_dagster.dialects.postgresql.binary_rows import binary_select, copy_binary_out
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.copy_stream import copy_lines
from arus_dagster.dialects.postgresql.filters import enclosed, functions
from arus_dagster.dialects.postgresql.json_screen import JsonScreen
from arus_dagster.dialects.postgresql.names import identifier, identifiers, literal, qualified
from arus_dagster.dialects.postgresql.predicates import deleted_since, in_window, is_deleted
from arus_dagster.dialects.postgresql.types import has_infinity, is_numeric
from arus_dagster.errors import ArusError, ConnectionFailedError, InvalidInputError

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_NEGATIVE_NUMERIC_INFINITY = 140000  # the version that brought it


class PostgresSource:
    """A PostgreSQL database that is read.

    Args:
        spec: how to reach it.
    """

    def __init__(self, spec: ConnectionSpec) -> None:
        self._spec = spec

    def test(self) -> ServerReport:
        """Connect and read once.

        Raises:
            ConnectionFailedError: not reached; the message names the cause, never the secret.
            CredentialsError: reached, but refused.
        """
        with self._open() as connection:
            connection.value("SELECT 1")
            return connection.report()

    def schemas(self) -> Sequence[str]:
        """The schemas a user may select from, without the system's own."""
        with self._asking() as connection:
            return discovery.list_schemas(connection)

    def discover(self) -> Sequence[TableShape]:
        """Every table, view, materialized view and partitioned parent that may be read."""
        with self._asking() as connection:
            return discovery.list_tables(connection)

    def check_filter(self, table: TableRef, row_filter: str) -> None:
        """Let the server plan the filter, without running it.

        Raises:
            InvalidInputError: with the server's reason, if the filter can't be used.
            ConnectionFailedError: the server can't be asked.
        """
        condition = enclosed(row_filter)
        with self._asking() as connection:
            _refuse_volatile(connection, functions(row_filter))
            try:
                connection.rows(f"EXPLAIN SELECT 1 FROM {qualified(table)} WHERE {condition}")
            except ConnectionFailedError:
                raise
            except ArusError as error:
                raise InvalidInputError(f"row filter: {error.message}", "row_filter") from None

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[PostgresSnapshot]:
        """Open a consistent snapshot on a connection of its own."""
        # Nothing is written, so the transaction need not be ended but by closing the connection,
        # which a stream left early has done already.
        with self._open() as connection:
            connection.begin(_SNAPSHOT)
            yield PostgresSnapshot(connection, float(self._spec.read_timeout_seconds))

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Connection]:
        """A read-only transaction for questions, which the server itself gives up in time."""
        limit = {"statement_timeout": f"{self._spec.read_timeout_seconds}s"}
        with self._open() as connection, connection.transaction(_SNAPSHOT, limit):
            yield connection

    def _open(self) -> Connection:
        return Connection(
            self._spec,
            application="arus source",
            silence_seconds=float(self._spec.read_timeout_seconds),
        )


class PostgresSnapshot:
    """One consistent, read-only view of a source.

    Args:
        connection: in a repeatable-read transaction.
        silence_seconds: how long the server may send nothing.
    """

    def __init__(self, connection: Connection, silence_seconds: float) -> None:
        self._connection = connection
        self._silence_seconds = silence_seconds

    def describe(self, table: TableRef) -> TableShape | None:
        """The table's present shape, or None if there is no such table or view."""
        return discovery.find_table(self._connection, table)

    def high_watermark(self, read: Read) -> HighWatermark:
        """The greatest finite watermark among the rows that ``read`` yields."""
        window = read.window
        if window is None:
            return HighWatermark(None)
        wanted = [self._greatest(read.shape, window.column)]
        if window.deleted_column:
            wanted.append(self._greatest(read.shape, window.deleted_column))
        row = self._connection.row(
            f"SELECT {', '.join(wanted)} FROM {qualified(read.shape.table)}{_where(read)}"
        )
        assert row is not None  # an aggregate without GROUP BY yields one row
        return HighWatermark(row[0], row[1] if window.deleted_column else None)

    def count(self, read: Read) -> int:
        """How many rows ``read`` yields."""
        return int(
            self._connection.value(
                f"SELECT count(*) FROM {qualified(read.shape.table)}{_where(read)}"
            )
        )

    def stream(self, read: Read, chunk_bytes: int = 4_194_304) -> Iterator[Chunk]:
        """The rows, as chunks of about ``chunk_bytes``; memory is bounded by the chunk and a row.

        A row whose ``json`` value holds an escaped zero character is taken out: it could be
        stored as ``json``, but neither read back as text nor held as ``jsonb``.
        """
        columns = read.shape.columns
        names = identifiers(column.name for column in columns)
        sql = (
            f"COPY (SELECT {names} FROM {qualified(read.shape.table)}{_where(read)})"
            " TO STDOUT (FORMAT text, ENCODING 'UTF8')"
        )
        screen = JsonScreen(columns)
        lines = copy_lines(self._connection, sql, chunk_bytes, self._silence_seconds)
        with contextlib.closing(lines):  # type: ignore[type-var]
            for data in lines:
                yield screen.chunk(data)

    def binary(
        self, read: Read, server_version: int, stamp: str | None
    ) -> AbstractContextManager[BinaryRows] | None:
        """The rows in binary form, or None where only their text is safe; see
        ``BinarySnapshot``."""
        if not self._connection.speaks_utf8:
            return None
        columns = read.shape.columns
        selected = binary_select(columns, self._connection.server_version, server_version)
        if selected is None:
            return None
        if stamp is not None:
            selected.append(f"{literal(stamp)}::uuid")
        return copy_binary_out(
            self._connection,
            f"SELECT {', '.join(selected)} FROM {qualified(read.shape.table)}{_where(read)}",
            self._silence_seconds,
            holds_json=any(c.target_type in ("json", "json[]") for c in columns),
        )

    def cancel(self) -> None:
        """Stop a call in flight from another thread; that call raises ``CancelledError``."""
        self._connection.cancel()

    def _greatest(self, shape: TableShape, name: str) -> str:
        column = shape.column(name)
        type_name = column.target_type if column else "text"
        quoted = identifier(name)
        if type_name == "boolean":
            return "NULL::text"  # no order in time to go by, and no max() either
        endless = []
        if has_infinity(type_name) or (
            is_numeric(type_name) and self._connection.server_version >= _NEGATIVE_NUMERIC_INFINITY
        ):
            endless += ["'infinity'", "'-infinity'"] if _holds_infinity(type_name) else []
        if type_name.startswith(("numeric", "real", "double precision")):
            endless.append("'NaN'")
        condition = f" FILTER (WHERE {quoted} NOT IN ({', '.join(endless)}))" if endless else ""
        return f"max({quoted}){condition}::text"


def _holds_infinity(type_name: str) -> bool:
    return has_infinity(type_name) or type_name.startswith("numeric")


def _refuse_volatile(connection: Connection, names: Collection[str]) -> None:
    """Refuse functions that do something besides answering, or answer otherwise each time.

    A read-only transaction keeps a filter from writing tables, and from nothing else: functions
    that read the server's files, sleep, lock, signal, or talk to other servers are open to a user
    with the privilege. All of them are volatile.

    Raises:
        InvalidInputError: naming the functions.
    """
    found = connection.rows(
        "SELECT DISTINCT proname FROM pg_catalog.pg_proc"
        " WHERE provolatile = 'v' AND proname::text = ANY(%s) ORDER BY 1",
        (list(names),),
    )
    if found:
        told = ", ".join(name for (name,) in found)
        raise InvalidInputError(
            f"the row filter calls {told}: only functions that are immutable or stable may be used",
            "row_filter",
        )


def _where(read: Read) -> str:
    conditions = []
    if read.window is not None:
        within = _window_condition(read.shape, read.window)
        if within:
            conditions.append(within)
    if read.among is not None:
        name, values = read.among
        conditions.append(f"{identifier(name)} IN ({', '.join(map(literal, values))})")
    if read.row_filter:
        conditions.append(enclosed(read.row_filter))
    if read.exclude_deleted:
        deleted = is_deleted(read.exclude_deleted, _type_of(read.shape, read.exclude_deleted))
        conditions.append(f"NOT {deleted}")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _window_condition(shape: TableShape, window: Window) -> str | None:
    within = in_window(window, window.column, _type_of(shape, window.column))
    if within is None or not window.deleted_column:
        return within
    deleted = deleted_since(window, window.deleted_column, _type_of(shape, window.deleted_column))
    return f"({within} OR {deleted})" if deleted else within


def _type_of(shape: TableShape, name: str) -> str:
    column = shape.column(name)
    return column.target_type if column else "text"
