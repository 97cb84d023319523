"""Launching a pipeline's run.

Owns the rule of one run at a time for everything that is launched on request, by the API or from
the command line: the check and the launch happen under one lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from arus_dagster import names
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.changes import Change, note
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.errors import ConflictError, NotFoundError, UnavailableError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.models import DagsterRun
from arus_dagster.orchestration.run_lock import hold_idle


def launch(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
    tags: Mapping[str, str],
    tables: Collection[uuid.UUID] | None = None,
) -> DagsterRun:
    """Queue a run, unless one is queued or running.

    Args:
        tables: ids of the tables to sync, enabled ones of the pipeline; None takes all of those.

    Raises:
        NotFoundError: there is no such pipeline.
        ConflictError: a run is active (its id in the details), or no table is enabled.
        UnavailableError: Dagster is away, or has not loaded the pipeline.
    """
    pipeline = pipelines.get(session, pipeline_id)
    if not any(table.enabled for table in pipeline.tables):
        raise ConflictError("The pipeline has no enabled table: there is nothing to sync")
    definitions.ensure_current()
    hold_idle(session, dagster, pipeline_id)
    try:
        run = dagster.launch(
            names.job_name(pipeline.slug),
            {names.PIPELINE_ID: str(pipeline_id), names.MODE: "sync", **tags},
            None if tables is None else _assets(pipeline, tables),
        )
    except NotFoundError:
        raise not_loaded(dagster, pipeline) from None
    note(session, Change("run", "started", uuid.UUID(run.id), tags.get(names.TRIGGER)))
    return run


def not_loaded(dagster: DagsterClient, pipeline: Pipeline) -> UnavailableError:
    """The error of a pipeline that Dagster's loaded definitions lack, with the reason if known."""
    reason = dagster.broken_pipelines().get(pipeline.slug, "try again in a moment")
    return UnavailableError(f"Dagster has not loaded this pipeline: {reason}")


def _assets(pipeline: Pipeline, tables: Collection[uuid.UUID]) -> list[names.AssetPath]:
    # One step makes a table's raw rows and its target, so both are asked for.
    slug = pipeline.destination.slug
    paths: list[names.AssetPath] = []
    for table in pipeline.tables:
        if table.id in tables:
            paths.append(names.target_path(slug, table.target_schema, table.target_table))
            if table.load_mode == "raw":
                paths.append(names.raw_path(slug, table.raw_schema, table.raw_table))
    return paths
