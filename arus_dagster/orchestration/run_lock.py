"""Deciding about a pipeline's next run, one at a time.

Whoever looks whether a run is active and then launches, retries or deletes holds this lock, in
whichever process of the API: two that look at the same moment would both find none.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from arus_dagster.catalog.session import advisory_lock
from arus_dagster.errors import DetailedConflictError
from arus_dagster.orchestration.client import DagsterClient


def hold_idle(session: Session, dagster: DagsterClient, pipeline_id: uuid.UUID) -> None:
    """Return with the pipeline idle, and nobody else deciding about it until the transaction ends.

    Raises:
        ConflictError: a run is queued or running; its id stands in the details.
        UnavailableError: Dagster can't tell.
    """
    advisory_lock(session, f"runs of {pipeline_id}")
    active = dagster.active_runs(str(pipeline_id))
    if active:
        raise DetailedConflictError(
            f"A run of the pipeline is active: {active[0].id}", {"run_id": active[0].id}
        )
