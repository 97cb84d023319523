"""Rows whose key the source no longer has: hard deletes, and keys that were spelled anew.

Owns both comparisons. They read keys of the source in the sync's own snapshot, so that a row they
miss is really gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from arus_dagster.dialects.base import Read, SourceSnapshot
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.merge import delete_matching, delete_missing
from arus_dagster.dialects.postgresql.names import identifier, identifiers
from arus_dagster.dialects.postgresql.respelled import find_respelled
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.reading import ReadAhead
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.errors import ConfigurationError, DataError

_KEYS = "_arus_keys"
_RESPELLED = "_arus_respelled"
_KEYS_AT_ONCE = 500


def remove_missing(
    request: SyncRequest,
    prepared: Prepared,
    connection: Connection,
    snapshot: SourceSnapshot,
    loaded_rows: str,
) -> int:
    """Delete the target's rows whose key the source no longer has, in the open transaction.

    All of them where the table asks for it, and always those to whose key a loaded row gave
    another spelling, where the source takes the two for one. A full load needs neither.

    Args:
        loaded_rows: a FROM item with the rows that were loaded.

    Returns:
        how many rows went.

    Raises:
        ConfigurationError: the table has no key to compare, or scripts may change it.
    """
    table = request.table
    if prepared.plan.full:
        return 0
    keys = _SourceKeys(prepared, connection, snapshot)
    # A backfill asks for no comparison.
    if table.delete_detection != "keys" or request.run.kind != "sync":
        # What scripts make of a key, the source can't be asked about.
        return 0 if prepared.scripts else _remove_respelled(prepared, connection, keys, loaded_rows)
    if not prepared.key:
        raise ConfigurationError("delete detection by keys needs a primary key")
    if prepared.scripts:
        raise ConfigurationError(
            "delete detection by keys can't be used with transform scripts, which may change keys"
        )
    keys.read(prepared.plan.row_filter)
    connection.execute(f"ANALYZE {keys.sql}")
    return delete_missing(connection, prepared.job.target.sql, prepared.job.key, keys.sql)


def _remove_respelled(
    prepared: Prepared, connection: Connection, keys: _SourceKeys, loaded_rows: str
) -> int:
    job = prepared.job
    loose = job.loose_key
    if not loose:
        return 0
    found = find_respelled(connection, job.target.sql, job.key, loose, loaded_rows, into=_RESPELLED)
    if not found:
        return 0
    first = loose[0]
    asked = next(c for c in prepared.shape.columns if job.rename(c.name) == first)
    for place in range(0, found, _KEYS_AT_ONCE):
        some = f"{_RESPELLED} WHERE place > {place} AND place <= {place + _KEYS_AT_ONCE}"
        values = connection.rows(f"SELECT DISTINCT {identifier(first)}::text FROM {some}")
        keys.read(among=(asked.name, tuple(value for (value,) in values)))
    # The filter plays no part: a key that the source still has in any row is not gone.
    gone = (
        f"SELECT {identifiers(job.key)} FROM {_RESPELLED}"
        f" EXCEPT SELECT {identifiers(job.key)} FROM {keys.sql}"
    )
    return delete_matching(connection, job.target.sql, job.key, gone)


class _SourceKeys:
    """Keys of the source in a temporary table, named as in the target."""

    def __init__(
        self, prepared: Prepared, connection: Connection, snapshot: SourceSnapshot
    ) -> None:
        self._prepared = prepared
        self._connection = connection
        self._snapshot = snapshot
        self._stage: Stage | None = None

    @property
    def sql(self) -> str:
        assert self._stage is not None  # made by the first read
        return self._stage.sql

    def read(
        self, row_filter: str | None = None, among: tuple[str, tuple[str, ...]] | None = None
    ) -> None:
        """Add the keys of the rows that fulfil both conditions."""
        prepared = self._prepared
        read = Read(
            shape=replace(
                prepared.shape,
                columns=tuple(c for c in prepared.shape.columns if c.name in prepared.key),
            ),
            row_filter=row_filter,
            among=among,
        )
        columns = [c for c in prepared.columns if c.name in prepared.job.key]
        if self._stage is None:
            self._stage = Stage(self._connection, _KEYS, columns)
        for data in self._chunks(read):
            copy_chunk(
                self._connection,
                self._stage.sql,
                [column.name for column in columns],
                data,
                _refuse,
                in_transaction=True,
            )

    def _chunks(self, read: Read) -> Iterator[bytes]:
        with ReadAhead(self._snapshot, read) as chunks:
            for chunk in chunks:
                if chunk.rows:
                    yield chunk.data


def _refuse(reason: str, line: bytes) -> None:
    raise DataError(f"a key can't be compared: {reason}")
