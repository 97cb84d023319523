"""Keys that the source has, in a temporary table of the warehouse.

Owns the reading of keys alone, in the sync's own snapshot, so that a key it does not find is
really gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from arus_dagster.dialects.base import Read, SourceSnapshot, TableShape
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.reading import ReadAhead
from arus_dagster.errors import DataError


class SourceKeys:
    """Keys of the source, their columns named as in the target.

    Args:
        name: the temporary table's, unquoted.
    """

    def __init__(
        self, prepared: Prepared, connection: Connection, snapshot: SourceSnapshot, name: str
    ) -> None:
        self._prepared = prepared
        self._connection = connection
        self._snapshot = snapshot
        columns = [c for c in prepared.columns if c.name in prepared.job.key]
        self._names = [column.name for column in columns]
        self._stage = Stage.temporary(connection, name, columns)
        self.sql = self._stage.sql

    def read(self, row_filter: str | None = None) -> None:
        """Add the keys of all rows that fulfil the filter."""
        self._add(Read(shape=self._key_alone, row_filter=row_filter))

    def read_among(self, column: str, values: Sequence[str]) -> None:
        """Add the keys whose column, by the source's own comparison, has one of the values.

        Args:
            column: named as in the target.
        """
        name = next(c.name for c in self._key_alone.columns if self._renamed(c.name) == column)
        self._add(Read(shape=self._key_alone, among=(name, tuple(values))))

    def _renamed(self, name: str) -> str:
        return self._prepared.job.rename(name)

    @property
    def _key_alone(self) -> TableShape:
        shape = self._prepared.shape
        return replace(
            shape, columns=tuple(c for c in shape.columns if c.name in self._prepared.key)
        )

    def _add(self, read: Read) -> None:
        for data in self._chunks(read):
            copy_chunk(self._connection, self.sql, self._names, data, _refuse)

    def _chunks(self, read: Read) -> Iterator[bytes]:
        with ReadAhead(self._snapshot, read) as chunks:
            for chunk in chunks:
                if chunk.rows:
                    yield chunk.data


def _refuse(reason: str, line: bytes) -> None:
    raise DataError(f"a key can't be compared: {reason}")
