"""What every database dialect provides: plain data about tables, and two protocols.

Owns the vocabulary shared by dialects and engine: connections, columns, reads, chunks. A chunk
is a run of complete lines in PostgreSQL's COPY text format (tab between values, ``\\N`` for NULL,
backslash escapes), each value already in the text form of its *target* type, so that servers do
the formatting and Python sees bytes, not values. Refuses to know the catalog, Dagster or HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from arus_dagster.errors import FatalError

SourceType = Literal["mysql", "mariadb", "postgresql"]
SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
Stage = Literal["extract", "transform", "load"]


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """How to reach a database. The password is kept out of ``repr``.

    Args:
        ssl_ca, ssl_cert, ssl_key: PEM text (not paths), or None.
        connect_timeout_seconds: limit for reaching the server.
        read_timeout_seconds: limit for one silent wait on the socket.
        read_limit_seconds: limit for a whole read; a server that does not notice that its client
            is gone gives the read up then.
    """

    type: SourceType
    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    ssl_mode: SslMode = "prefer"
    ssl_ca: str | None = field(default=None, repr=False)
    ssl_cert: str | None = field(default=None, repr=False)
    ssl_key: str | None = field(default=None, repr=False)
    connect_timeout_seconds: int = 10
    read_timeout_seconds: int = 300
    read_limit_seconds: int = 86_400

    @property
    def place(self) -> str:
        """Which database it is, whoever logs in and however."""
        return f"{self.host.lower()}:{self.port}/{self.database}"


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table by schema and name, exactly as the database spells them, unquoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the source declares it and as the warehouse will hold it.

    Args:
        source_type: the source's own declaration, e.g. ``int(10) unsigned``.
        target_type: the PostgreSQL type in the warehouse, e.g. ``bigint``, ``numeric(20,0)``.
        nullable: whether the source admits NULL.
        key_position: 1-based position in the primary key, or None.
        generated: computed by the source from other columns.
        loose: the source takes texts that differ in letter case, accents or trailing blanks for
            the same value.
        attributes: what only the dialect that made it reads (character set, element type, …).
    """

    name: str
    source_type: str
    target_type: str
    nullable: bool = True
    key_position: int | None = None
    generated: bool = False
    comment: str | None = None
    loose: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's columns in the source's order."""

    table: TableRef
    kind: Literal["table", "view", "materialized_view", "partitioned_table"]
    columns: tuple[Column, ...]
    row_count_estimate: int | None = None
    comment: str | None = None

    @property
    def primary_key(self) -> tuple[str, ...]:
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Window:
    """The bounds of an incremental read, closed at both ends.

    Rows whose watermark is NULL (or ``-infinity``) belong to every window.

    Args:
        column: the watermark column.
        lower: the least value read, in the source's own text form at full precision; None reads
            from the start.
        upper: the greatest value read; None reads to the end.
        lookback_seconds: subtracted from ``lower`` by the source where the type is a date or time;
            ignored for numbers and strings.
        deleted_column: a soft-delete column whose recent changes belong to the window too.
        deleted_lower: the least deletion time read, like ``lower``.
    """

    column: str
    lower: str | None = None
    upper: str | None = None
    lookback_seconds: int = 0
    deleted_column: str | None = None
    deleted_lower: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What to read of one table.

    Args:
        shape: the table; ``shape.columns`` are the columns to read, in this order.
        window: bounds, or None for the whole table.
        row_filter: a boolean SQL expression of the source, or None.
        exclude_deleted: a soft-delete column; rows in which it is set are left out.
        among: a text column and the values of which, by the source's own comparison, it must
            have one.
    """

    shape: TableShape
    window: Window | None = None
    row_filter: str | None = None
    exclude_deleted: str | None = None
    among: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that can't be carried over, with enough to repair it.

    Args:
        payload: column name to value, JSON-compatible; bytes as ``\\x`` hex text.
    """

    stage: Stage
    reason: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Complete COPY text lines, in memory.

    Args:
        data: the lines, each ending in a newline.
        rows: how many lines ``data`` holds.
        rejected: rows of the same stretch that were taken out of ``data``.
        warnings: kind of a lossless-by-rule change (e.g. ``zero_date``) to its count.
    """

    data: bytes
    rows: int
    rejected: tuple[RejectedRow, ...] = ()
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HighWatermark:
    """The greatest finite watermark of a read, and of its soft-delete column, as text.

    ``value`` is None where no row has a finite watermark.
    """

    value: str | None
    deleted: str | None = None


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What a successful connection test learned.

    Args:
        identity: the same for one database by whichever name it is reached; None where the server
            does not tell. A physical copy of a server has that of its original.
    """

    server_version: str
    tls: bool
    identity: str | None = None


class SourceSnapshot(Protocol):
    """One consistent, read-only view of a source; every call sees the same data."""

    def describe(self, table: TableRef) -> TableShape | None:
        """The table's present shape, or None if there is no such table or view."""

    def high_watermark(self, read: Read) -> HighWatermark:
        """The greatest watermark among the rows that ``read`` yields."""

    def count(self, read: Read) -> int:
        """How many rows ``read`` yields."""

    def stream(self, read: Read, chunk_bytes: int = 4_194_304) -> Iterator[Chunk]:
        """The rows, in chunks of about ``chunk_bytes``; memory is bounded by a chunk and a row."""

    def cancel(self) -> None:
        """Stop a call in flight from another thread; that call raises ``CancelledError``."""


class UnfitForBinaryError(FatalError):
    """Rows in binary form can't be loaded as they are; as text each can be looked at alone."""


class BinaryRows(Protocol):
    """The rows of one read as a stream in PostgreSQL's binary COPY format."""

    def __iter__(self) -> Iterator[bytes]:
        """The stream, in parts of up to about a megabyte that end anywhere; none is empty.

        Raises:
            UnfitForBinaryError: a value came that must be looked at before it is loaded.
        """

    @property
    def rows(self) -> int:
        """How many rows the source's server sent, by its own count; known after the last part."""


@runtime_checkable
class BinarySnapshot(Protocol):
    """An ability that a snapshot may have: to give rows in PostgreSQL's binary COPY format."""

    def binary(
        self, read: Read, server_version: int, stamp: str | None
    ) -> AbstractContextManager[BinaryRows] | None:
        """The rows of a read, each value in the binary form of exactly its target type.

        Leaving the block by ``UnfitForBinaryError`` stops the read, and the snapshot serves further
        calls; any other exception ends it.

        Args:
            server_version: the loading server's, e.g. 150003.
            stamp: a UUID that stands behind the columns of each row, or None.

        Returns:
            None where a column's form might not mean the same to that server.
        """


class Source(Protocol):
    """A database that is read."""

    def test(self) -> ServerReport:
        """Connect and read once.

        Raises:
            ConnectionFailedError: not reached; the message names the cause, never the secret.
            CredentialsError: reached, but refused.
        """

    def schemas(self) -> Sequence[str]:
        """The schemas a user may select from, without the system's own."""

    def discover(self) -> Sequence[TableShape]:
        """Every table, view, materialized view and partitioned parent (no partitions), in a
        number of catalog queries that does not depend on the number of tables."""

    def check_filter(self, table: TableRef, row_filter: str) -> None:
        """Raises InvalidInputError with the server's reason if the filter can't be used."""

    def snapshot(self) -> AbstractContextManager[SourceSnapshot]:
        """Open a consistent snapshot on a connection of its own."""


class DestinationProbe(Protocol):
    """What may be asked of a warehouse without loading into it."""

    def test(self) -> ServerReport:
        """Connect and show that schemas can be created; raises as ``Source.test``."""
