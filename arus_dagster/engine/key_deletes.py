"""Rows whose key the source no longer has: hard deletes, and keys that were spelled anew.

Owns both comparisons. They read keys of the source in the sync's own snapshot, so that a row they
miss is really gone.
"""

from __future__ import annotations

from arus_dagster.dialects.base import SourceSnapshot
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.merge import delete_matching, delete_missing
from arus_dagster.dialects.postgresql.names import identifier, identifiers
from arus_dagster.dialects.postgresql.respelled import find_respelled
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.source_keys import SourceKeys
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.errors import ConfigurationError

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
    # A backfill asks for no comparison.
    if table.delete_detection != "keys" or request.run.kind != "sync":
        # What scripts make of a key, the source can't be asked about.
        if prepared.scripts:
            return 0
        return _remove_respelled(prepared, connection, snapshot, loaded_rows)
    if not prepared.key:
        raise ConfigurationError("delete detection by keys needs a primary key")
    if prepared.scripts:
        raise ConfigurationError(
            "delete detection by keys can't be used with transform scripts, which may change keys"
        )
    keys = SourceKeys(prepared, connection, snapshot, _KEYS)
    keys.read(prepared.plan.row_filter)
    connection.execute(f"ANALYZE {keys.sql}")
    return delete_missing(connection, prepared.job.target.sql, prepared.job.key, keys.sql)


def _remove_respelled(
    prepared: Prepared, connection: Connection, snapshot: SourceSnapshot, loaded_rows: str
) -> int:
    job = prepared.job
    loose = job.loose_key
    if not loose:
        return 0
    found = find_respelled(connection, job.target.sql, job.key, loose, loaded_rows, into=_RESPELLED)
    if not found:
        return 0
    first = loose[0]
    keys = SourceKeys(prepared, connection, snapshot, _KEYS)
    for place in range(0, found, _KEYS_AT_ONCE):
        some = f"{_RESPELLED} WHERE place > {place} AND place <= {place + _KEYS_AT_ONCE}"
        values = connection.rows(f"SELECT DISTINCT {identifier(first)}::text FROM {some}")
        keys.read_among(first, [value for (value,) in values])
    # The filter plays no part: a key that the source still has in any row is not gone.
    gone = (
        f"SELECT {identifiers(job.key)} FROM {_RESPELLED}"
        f" EXCEPT SELECT {identifiers(job.key)} FROM {keys.sql}"
    )
    return delete_matching(connection, job.target.sql, job.key, gone)
