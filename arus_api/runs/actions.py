"""Stopping a run, and trying one again."""

from __future__ import annotations

import time
import uuid

from sqlalchemy.orm import Session

from arus_api.runs.status import attempt_of, status_of
from arus_dagster import names
from arus_dagster.catalog.changes import Change, note
from arus_dagster.errors import (
    RETRY_AFTER_SECONDS,
    ConflictError,
    DetailedConflictError,
    NotFoundError,
)
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.models import DagsterRun, RunStatus
from arus_dagster.orchestration.run_lock import hold_idle

# A process starts in some 2 s; on a busy machine it may take several times that.
START_SECONDS = 30.0
POLL_SECONDS = 0.25


def cancel(dagster: DagsterClient, run_id: uuid.UUID) -> None:
    """Ask a run to stop: one that works does so within seconds, one that waits at once.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it has ended, or its process takes too long to start.
        UnavailableError: Dagster is away.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        run = dagster.run(str(run_id))
        if run.finished:
            raise ConflictError(f"The run has ended: it is {status_of(run)}")
        if run.status == RunStatus.CANCELING:
            return
        try:
            dagster.terminate(run.id)
            return
        except ConflictError:
            # While its process starts Dagster stops no run; it may also just have ended.
            if time.monotonic() > deadline:
                raise DetailedConflictError(
                    "The run's process is still starting, and can be stopped only then",
                    {"run_id": run.id},
                    retry_after=RETRY_AFTER_SECONDS,
                ) from None
        time.sleep(POLL_SECONDS)


def retry(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    run_id: uuid.UUID,
) -> DagsterRun:
    """Queue a run that does what a failed or cancelled one was to do.

    Of a failed run the tables that succeeded are left out; a cancelled one is done again whole.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it neither failed nor was cancelled, its pipeline is gone, or a run of the
            pipeline is active (its id in the details).
        UnavailableError: Dagster is away.
    """
    run = dagster.run(str(run_id))
    if run.status not in (RunStatus.FAILURE, RunStatus.CANCELED):
        raise ConflictError(
            f"Only a failed or cancelled run can be tried again; this one is {status_of(run)}"
        )
    pipeline_id = run.tags.get(names.PIPELINE_ID)
    if pipeline_id is None:
        raise ConflictError("The run is not one of a pipeline")
    definitions.ensure_current()
    hold_idle(session, dagster, uuid.UUID(pipeline_id))
    tags = {names.TRIGGER: "retry", names.ATTEMPT: str(attempt_of(run) + 1)}
    try:
        again = dagster.reexecute(run.id, tags, failed_steps_only=run.status == RunStatus.FAILURE)
    except NotFoundError:
        raise ConflictError("The run's pipeline is gone, or has no table any more") from None
    note(session, Change("run", "started", uuid.UUID(again.id), tags[names.TRIGGER]))
    return again
