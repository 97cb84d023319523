"""One table, start to end.

Owns opening both ends and closing them, whatever happens. Refuses to know where the request
comes from and who looks at the result.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from arus_dagster import tracing
from arus_dagster.dialects.postgresql.bookkeeping import ensure_schemas, read_state
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.destination import PostgresDestination
from arus_dagster.dialects.registry import open_source
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.progress import OnMessage
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.engine.transfer import Transfer
from arus_dagster.errors import CancelledError


def sync_table(request: SyncRequest, *, on_message: OnMessage, cancel: CancelToken) -> SyncResult:
    """Move one table's rows from its source to its target.

    The target, the watermark and the dead letters change together or not at all.

    Args:
        on_message: told what happens, as level and text, from the calling thread; what scripts
            print also from another one.
        cancel: stops the sync from another thread.

    Raises:
        ArusError: the sync failed and nothing of it was kept; its class says whether trying
            again can help. ``IncompatibleDriftError`` carries the drift that was found.
        CancelledError: it was stopped, and nothing of it was kept.
    """
    try:
        return _sync(request, on_message, cancel)
    except Exception as error:
        # What breaks because it was told to stop has not failed.
        if cancel.cancelled and not isinstance(error, CancelledError):
            raise CancelledError("cancelled") from error
        raise


def _sync(request: SyncRequest, on_message: OnMessage, cancel: CancelToken) -> SyncResult:
    table, policy = request.table, request.policy
    destination = PostgresDestination(request.destination)

    @contextlib.contextmanager
    def apart() -> Iterator[Connection]:
        with (
            destination.apart(policy.lock_timeout_seconds) as beside,
            cancel.telling(beside.cancel),
        ):
            yield beside

    source = open_source(request.source, tinyint1_as_bool=table.tinyint1_as_bool)
    with (
        destination.load(table.id, request.run.id, policy.lock_timeout_seconds) as connection,
        cancel.telling(connection.cancel),
    ):
        schemas = [table.target.schema, *([table.raw.schema] if table.raw else [])]
        ensure_schemas(connection, schemas, request.raw_schema, apart)
        # Read under the table's lock and before the snapshot: a window may start too early,
        # never too late.
        state = read_state(connection, request.raw_schema, table.id)
        with source.snapshot() as snapshot, cancel.telling(snapshot.cancel):
            with tracing.span("prepare"):
                transfer = Transfer(request, connection, apart, snapshot, state, on_message, cancel)
            return transfer.run()
