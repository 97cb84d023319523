"""Hard deletes found by comparing keys.

Owns the comparison. It reads the keys of the whole source in the sync's own snapshot, so that a
row it misses is really gone.
"""

from __future__ import annotations

from dataclasses import replace

from arus_dagster.dialects.base import Read, SourceSnapshot
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.merge import delete_missing
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.reading import ReadAhead
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.errors import ConfigurationError, DataError

_STAGE = "_arus_keys"


def remove_missing(
    request: SyncRequest, prepared: Prepared, connection: Connection, snapshot: SourceSnapshot
) -> int:
    """Delete the target's rows whose key the source no longer has, in the open transaction.

    A full load needs no comparison, and a backfill asks for none.

    Returns:
        how many rows went.

    Raises:
        ConfigurationError: the table has no key to compare, or scripts may change it.
    """
    table = request.table
    if table.delete_detection != "keys" or prepared.plan.full or request.run.kind != "sync":
        return 0
    if not prepared.key:
        raise ConfigurationError("delete detection by keys needs a primary key")
    if prepared.scripts:
        raise ConfigurationError(
            "delete detection by keys can't be used with transform scripts, which may change keys"
        )
    names = prepared.job.key
    read = Read(
        shape=replace(
            prepared.shape,
            columns=tuple(c for c in prepared.shape.columns if c.name in prepared.key),
        ),
        row_filter=prepared.plan.row_filter,
        exclude_deleted=None,
    )
    columns = [c for c in prepared.columns if c.name in names]
    stage = Stage(connection, _STAGE, columns)

    def refuse(reason: str, line: bytes) -> None:
        raise DataError(f"a key can't be compared: {reason}")

    with ReadAhead(snapshot, read) as chunks:
        for chunk in chunks:
            copy_chunk(
                connection,
                stage.sql,
                [column.name for column in columns],
                chunk.data,
                refuse,
                in_transaction=True,
            )
    connection.execute(f"ANALYZE {stage.sql}")
    return delete_missing(connection, prepared.job.target.sql, names, stage.sql)
