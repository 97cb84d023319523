"""What became of a table, told to the catalog.

Owns the patience with a catalog that is away. When a result is told, its rows are committed: an
outage of the catalog must not make a load that happened look like one that did not. Telling is
idempotent, so it is tried again even where it is not known whether the last attempt arrived.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
)

from arus_dagster.catalog.repositories import table_results
from arus_dagster.catalog.session import session_scope
from arus_dagster.engine.drift import IncompatibleDriftError
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.errors import ArusError
from arus_dagster.logging import get_logger
from arus_dagster.notify.events import on_sync_failed, on_sync_findings
from arus_dagster.settings import get_settings

log = get_logger(__name__)

PATIENCE_SECONDS = 120.0
_LONGEST_PAUSE_SECONDS = 10.0


def record(request: SyncRequest, result: SyncResult) -> bool:
    """Store what a committed sync measured, and put its findings on their way.

    Returns:
        Whether the catalog has it; the rows are in the warehouse either way.
    """

    def tell(session: Session) -> None:
        table_results.record(session, request, result)
        with _never_failing(session):
            on_sync_findings(
                session,
                uuid.UUID(request.pipeline_id),
                request.run.id,
                str(request.table.source),
                result,
                dagster_links=get_settings().dagster_links,
            )

    return _patiently(tell)


def record_failure(request: SyncRequest, error: ArusError) -> bool:
    """Store why a sync failed, and put its findings on their way.

    Returns:
        Whether the catalog has it.
    """
    drift = error.events if isinstance(error, IncompatibleDriftError) else ()

    def tell(session: Session) -> None:
        table_results.record_failure(session, request, error.message, drift)
        with _never_failing(session):
            on_sync_failed(
                session,
                uuid.UUID(request.pipeline_id),
                request.run.id,
                str(request.table.source),
                error,
                dagster_links=get_settings().dagster_links,
            )

    return _patiently(tell)


def _patiently(tell: Callable[[Session], None]) -> bool:
    attempts = Retrying(
        retry=retry_if_exception(_is_away),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_exponential(multiplier=0.5, max=_LONGEST_PAUSE_SECONDS),
        reraise=True,
    )
    try:
        for attempt in attempts:
            with attempt, session_scope() as session:
                tell(session)
    except DBAPIError as error:
        log.error("outcome_not_recorded", exc_info=error)
        return False
    return True


def _is_away(error: BaseException) -> bool:
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


@contextmanager
def _never_failing(session: Session) -> Iterator[None]:
    """Notify, or log why not: no message is worth a failed table."""
    try:
        with session.begin_nested():
            yield
    except Exception as error:
        if _is_away(error):
            raise
        log.error("not_notified", exc_info=error)
