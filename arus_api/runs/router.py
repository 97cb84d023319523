"""Routes of runs: lists, details, logs, cancel, retry, daily statistics."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from arus_api.deps import (
    DagsterDep,
    DefinitionsDep,
    SessionDep,
    SettingsDep,
    require_role,
)
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_api.runs import actions, logs, service, statistics
from arus_api.runs.schemas import (
    DailyStatistics,
    RetryStarted,
    Run,
    RunDetail,
    RunLog,
    RunStatusName,
)

router = APIRouter(tags=["runs"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get(
    "/api/pipelines/{id}/runs",
    dependencies=VIEWER,
    responses=errors(404),
    summary="List a pipeline's runs",
)
def list_pipeline_runs(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
    paging: PagingDep,
) -> Page[Run]:
    """The runs of one pipeline, newest first."""
    found = service.page(session, dagster, settings.dagster_links, paging, pipeline_id=id)
    return page(found.runs, total=found.total, limit=paging.limit, offset=paging.offset)


@router.get("/api/runs", dependencies=VIEWER, responses=errors(404), summary="List runs")
def list_runs(
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
    paging: PagingDep,
    status: Annotated[RunStatusName | None, Query(description="Runs of this status alone.")] = None,
    pipeline_id: Annotated[
        uuid.UUID | None, Query(description="Runs of this pipeline alone.")
    ] = None,
) -> Page[Run]:
    """The runs of all pipelines, newest first."""
    found = service.page(
        session, dagster, settings.dagster_links, paging, status=status, pipeline_id=pipeline_id
    )
    return page(found.runs, total=found.total, limit=paging.limit, offset=paging.offset)


@router.get("/api/runs/stats/daily", dependencies=VIEWER, summary="Daily run statistics")
def daily_statistics(
    session: SessionDep,
    dagster: DagsterDep,
    days: Annotated[
        int, Query(ge=1, le=statistics.MAX_DAYS, description="How many days, today included.")
    ] = 7,
) -> Ok[list[DailyStatistics]]:
    """One element for each day in UTC, oldest first, empty days included."""
    return ok(statistics.daily(session, dagster, days))


@router.get("/api/runs/{id}", dependencies=VIEWER, responses=errors(404), summary="Get a run")
def get_run(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
) -> Ok[RunDetail]:
    """A run with what it did with each table."""
    return ok(service.detail(session, dagster, settings.dagster_links, id))


@router.get(
    "/api/runs/{id}/logs", dependencies=VIEWER, responses=errors(404), summary="Get a run's log"
)
def get_run_logs(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    paging: PagingDep,
) -> Page[RunLog]:
    """The events that Dagster stored of the run, oldest first."""
    found = logs.read(session, dagster, id, paging)
    return page(found.lines, total=found.total, limit=paging.limit, offset=paging.offset)


@router.post(
    "/api/runs/{id}/cancel",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Cancel a run",
)
def cancel_run(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
) -> Ok[RunDetail]:
    """A run that works stops within seconds and keeps nothing of a table it was at; one that
    waits is cancelled at once. A run that has ended is a conflict."""
    actions.cancel(dagster, id)
    return ok(service.detail(session, dagster, settings.dagster_links, id))


@router.post(
    "/api/runs/{id}/retry",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Retry a run",
)
def retry_run(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
) -> Ok[RetryStarted]:
    """A new run that does what a failed or cancelled one was to do, with the same mode and
    dates; tables of a failed run that succeeded are left out."""
    run = actions.retry(session, dagster, definitions, id)
    (out,) = service.shown(session, settings.dagster_links, [run])
    return ok(RetryStarted.of(out))
