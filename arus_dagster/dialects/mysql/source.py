"""MySQL or MariaDB as a source: tested, discovered, and read in one consistent snapshot.

Owns every statement sent to a source, and sends them in read-only transactions alone. Lines are
formatted by the server; Python looks into one only when its chunk holds something that can't be
loaded as it is. Tables of engines without transactions (MyISAM, Aria) are read as they are at the
moment of each statement: no snapshot covers them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from arus_dagster.dialects.base import (
    Chunk,
    ConnectionSpec,
    HighWatermark,
    Read,
    ServerReport,
    TableRef,
    TableShape,
)
from arus_dagster.dialects.mysql import discovery
from arus_dagster.dialects.mysql.connection import Connection
from arus_dagster.dialects.mysql.fields import LineFormat
from arus_dagster.dialects.mysql.filters import enclosed, refuse_effects
from arus_dagster.dialects.mysql.names import qualified
from arus_dagster.dialects.mysql.screening import Screen
from arus_dagster.dialects.mysql.types import CALENDAR, family
from arus_dagster.dialects.mysql.windows import (
    greatest,
    greatest_date,
    is_calendar_date,
    watermark_column,
    where,
)
from arus_dagster.errors import (
    ArusError,
    CancelledError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidInputError,
)

_SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


class MySQLSource:
    """A MySQL or MariaDB database that is read.

    Args:
        spec: how to reach it.
        tinyint1_as_bool: describe and read ``tinyint(1)`` as ``boolean``.
    """

    def __init__(self, spec: ConnectionSpec, *, tinyint1_as_bool: bool = False) -> None:
        self._spec = spec
        self._tinyint1_as_bool = tinyint1_as_bool

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
        """The connection's database: here a schema and a database are the same."""
        with self._open() as connection:
            return [self._database(connection)]

    def discover(self) -> Sequence[TableShape]:
        """Every table and view of the connection's database that may be read."""
        with self._open() as connection:
            return discovery.list_tables(
                connection,
                self._database(connection),
                tinyint1_as_bool=self._tinyint1_as_bool,
            )

    def check_filter(self, table: TableRef, row_filter: str) -> None:
        """Let the server plan the filter, without running it.

        Raises:
            InvalidInputError: with the server's reason, if the filter can't be used.
            ConnectionFailedError: the server can't be asked.
        """
        condition = enclosed(row_filter)
        refuse_effects(row_filter)
        with self._open() as connection:
            connection.execute(_SNAPSHOT)
            try:
                connection.rows(f"EXPLAIN SELECT 1 FROM {qualified(table)} WHERE {condition}")
            except (ConnectionFailedError, CancelledError):
                raise
            except ArusError as error:
                raise InvalidInputError(f"row filter: {error.message}", "row_filter") from None

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[MySQLSnapshot]:
        """Open a consistent snapshot on a connection of its own."""
        with self._open() as connection:
            connection.execute(_SNAPSHOT)
            # Closing the connection ends the transaction, which has nothing to keep.
            yield MySQLSnapshot(connection, tinyint1_as_bool=self._tinyint1_as_bool)

    def _open(self) -> Connection:
        return Connection(self._spec, application="arus source")

    def _database(self, connection: Connection) -> str:
        database = connection.value("SELECT DATABASE()")
        if database is None:
            raise ConfigurationError("the source names no database")
        return database


class MySQLSnapshot:
    """One consistent, read-only view of a source.

    Args:
        connection: in a repeatable-read transaction.
        tinyint1_as_bool: describe ``tinyint(1)`` as ``boolean``.
    """

    def __init__(self, connection: Connection, *, tinyint1_as_bool: bool = False) -> None:
        self._connection = connection
        self._tinyint1_as_bool = tinyint1_as_bool

    def describe(self, table: TableRef) -> TableShape | None:
        """The table's present shape, or None if there is no such table or view."""
        return discovery.find_table(
            self._connection, table, tinyint1_as_bool=self._tinyint1_as_bool
        )

    def high_watermark(self, read: Read) -> HighWatermark:
        """The greatest watermark among the rows that ``read`` yields."""
        if read.window is None:
            return HighWatermark(None)
        value = self._greatest(read, read.window.column)
        if read.window.deleted_column is None:
            return HighWatermark(value)
        return HighWatermark(value, self._greatest_deletion(read, read.window.deleted_column))

    def count(self, read: Read) -> int:
        """How many rows ``read`` yields."""
        return int(
            self._connection.value(
                f"SELECT COUNT(*) FROM {qualified(read.shape.table)}{where(read)}"
            )
            or 0
        )

    def stream(self, read: Read, chunk_bytes: int = 4_194_304) -> Iterator[Chunk]:
        """The rows, as chunks of about ``chunk_bytes``; memory is bounded by the chunk and a row.

        Taken out as rejected are rows whose text holds a zero byte, whose JSON holds an escaped
        zero character, or whose primary key holds what is no date. Elsewhere a value that is no
        date becomes NULL and is counted as the warning ``zero_date``.
        """
        form = LineFormat(read.shape.columns, self._connection.max_allowed_packet)
        sql = f"SELECT {form.select_list()} FROM {qualified(read.shape.table)}{where(read)}"
        screen = Screen(read.shape.columns)
        batches = self._connection.lines(sql, form.join, chunk_bytes)
        with contextlib.closing(batches):  # type: ignore[type-var]
            for lines in batches:
                yield screen.chunk(lines)

    def cancel(self) -> None:
        """Stop a call in flight from another thread; that call raises ``CancelledError``."""
        self._connection.cancel()

    def _greatest(self, read: Read, name: str) -> str | None:
        column = watermark_column(read.shape, name)
        source = f"FROM {qualified(read.shape.table)}{where(read)}"
        value = self._connection.value(f"SELECT {greatest(column)} {source}")
        if value is None or family(column) not in CALENDAR or is_calendar_date(value):
            return value
        return self._connection.value(f"SELECT {greatest_date(column)} {source}")

    def _greatest_deletion(self, read: Read, name: str) -> str | None:
        column = read.shape.column(name)
        # A flag has no order; only times tell which deletions are new.
        if column is None or family(column) not in CALENDAR:
            return None
        return self._greatest(read, name)
