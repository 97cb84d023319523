"""Rows in PostgreSQL's binary COPY format, on their way from one server to another.

Owns the rule which columns may come that way, and the stream's two ends: the COPY out of a
snapshot, and the COPY into a table that takes all rows or none. A binary value says nothing of
its type, so a server would misread another type's value in silence: only what is exactly the
same type at both ends passes. Refuses to find a faulty row; that is what the text form is for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from arus_dagster.dialects.base import Column, UnfitForBinaryError
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.copy_stream import CopyOut
from arus_dagster.dialects.postgresql.driver_errors import RowFaultError
from arus_dagster.dialects.postgresql.names import identifier, identifiers, literal
from arus_dagster.dialects.postgresql.types import family
from arus_dagster.errors import ConnectionFailedError, RetriableError

_OLDEST_VERSION = 100000  # before it, times could be floating-point numbers
_VERSIONS_A_MAJOR = 10000
_SAVEPOINT = "arus_binary"
_LATE_INTERRUPTS = 3
_ESCAPED_NUL = b"\\u0000"

# Families whose binary form is the same in every version from the oldest on. Of the others, one
# version may send what another takes for something else: an infinite interval of version 17 is a
# very long one to version 16.
SAME_IN_ALL_VERSIONS = frozenset(
    {
        "boolean", "smallint", "integer", "bigint", "oid", "real", "double precision", "numeric",
        "text", "character varying", "character", '"char"', "name", "bytea", "uuid", "json",
        "jsonb", "date", "time without time zone", "time with time zone",
        "timestamp without time zone", "timestamp with time zone",
    }
)  # fmt: skip
# Without its length, this one means a length of one.
_NEEDS_ITS_LENGTH = "character"


def binary_select(
    columns: Sequence[Column], own_version: int, other_version: int
) -> list[str] | None:
    """SQL expressions of the columns in exactly their target types; None where one can't be.

    Args:
        columns: types as the loading server spells them.
        own_version: the sending server's, e.g. 150003.
        other_version: the loading server's.
    """
    if min(own_version, other_version) < _OLDEST_VERSION:
        return None
    same_major = own_version // _VERSIONS_A_MAJOR == other_version // _VERSIONS_A_MAJOR
    expressions = []
    for column in columns:
        kind = family(column.target_type)
        everywhere = kind.removesuffix("[]") in SAME_IN_ALL_VERSIONS
        match column.attributes.get("binary"):
            case "plain" if column.source_type == column.target_type and (everywhere or same_major):
                expressions.append(identifier(column.name))
            # An explicit cast cuts what is too long without a word, so it names no length; the
            # loading server checks that.
            case "cast" if everywhere and kind.removesuffix("[]") != _NEEDS_ITS_LENGTH:
                expressions.append(f"{identifier(column.name)}::{kind}")
            case _:
                return None
    return expressions


class BinaryCopyOut:
    """See ``BinaryRows``.

    Args:
        out: the COPY.
        holds_json: whether a column is ``json``, whose escaped zero characters are not for loading.
    """

    def __init__(self, out: CopyOut, *, holds_json: bool) -> None:
        self._out = out
        self._holds_json = holds_json

    @property
    def rows(self) -> int:
        return self._out.rows

    def __iter__(self) -> Iterator[bytes]:
        last = b""
        for part in self._out:
            if self._holds_json:
                if _ESCAPED_NUL in part or _ESCAPED_NUL in last + part[: len(_ESCAPED_NUL)]:
                    raise UnfitForBinaryError("a JSON value may hold an escaped zero character")
                last = (last + part[-len(_ESCAPED_NUL) :])[-len(_ESCAPED_NUL) :]
            yield part


@contextlib.contextmanager
def copy_binary_out(
    connection: Connection, query: str, silence_seconds: float, *, holds_json: bool
) -> Iterator[BinaryCopyOut]:
    """The rows of a query within the open transaction; see ``BinarySnapshot.binary``."""
    connection.execute(f"SAVEPOINT {_SAVEPOINT}")
    out = CopyOut(connection, f"COPY ({query}) TO STDOUT (FORMAT binary)", silence_seconds)
    with contextlib.closing(out):
        try:
            yield BinaryCopyOut(out, holds_json=holds_json)
        except UnfitForBinaryError:
            out.stop()
            _back_to_savepoint(connection)
            raise


def _back_to_savepoint(connection: Connection) -> None:
    for attempt in range(_LATE_INTERRUPTS + 1):
        try:
            connection.execute(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        except ConnectionFailedError:
            raise
        except RetriableError:  # the interrupt was meant for the COPY, which had just ended
            if attempt == _LATE_INTERRUPTS:
                raise
        else:
            return


def reads_binary(connection: Connection, types: Sequence[str]) -> bool:
    """Whether a warehouse reads these types as every server does.

    Not where texts cross in another encoding, or where the session's search path puts a type of
    the same name before a built-in one.

    Args:
        types: as the warehouse spells them.
    """
    if not connection.speaks_utf8 or connection.server_version < _OLDEST_VERSION:
        return False
    named = ", ".join(f"({literal(kind)}::regtype)" for kind in dict.fromkeys(types))
    return bool(
        connection.value(
            f"SELECT bool_and(t.typnamespace = 'pg_catalog'::regnamespace)"
            f" FROM (VALUES {named}) AS named(oid) JOIN pg_catalog.pg_type t ON t.oid = named.oid"
        )
    )


@contextlib.contextmanager
def all_or_none(connection: Connection) -> Iterator[None]:
    """A block of the open transaction of which nothing stays if rows are unfit for binary form."""
    connection.execute("SAVEPOINT arus_load")
    try:
        yield
    except UnfitForBinaryError:
        connection.execute("ROLLBACK TO SAVEPOINT arus_load")
        raise
    connection.execute("RELEASE SAVEPOINT arus_load")


def copy_binary_in(
    connection: Connection,
    table_sql: str,
    columns: Sequence[str],
    parts: Iterator[bytes],
    *,
    frozen: bool = False,
) -> int:
    """COPY a stream into a table; the number of rows it took.

    Args:
        frozen: the table was made in this transaction, so no other can see its rows too early.

    Raises:
        UnfitForBinaryError: the server refused a row; the transaction has failed.
    """
    options = "FORMAT binary, FREEZE" if frozen else "FORMAT binary"
    try:
        return connection.copy_in_parts(
            f"COPY {table_sql} ({identifiers(columns)}) FROM STDIN ({options})", parts
        )
    except RowFaultError as fault:
        raise UnfitForBinaryError(fault.message) from None
