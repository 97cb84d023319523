"""Figures of the whole installation, from the catalog and from Dagster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only, selectinload

from arus_api.dashboard.schemas import Summary
from arus_api.pagination import Paging
from arus_api.pipelines.actions import states
from arus_api.runs import service as runs
from arus_api.runs.schemas import Run
from arus_dagster.catalog import Pipeline, PipelineTable, Source
from arus_dagster.catalog.repositories import table_results
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter


def summary(session: Session, dagster: DagsterClient) -> Summary:
    """Raises UnavailableError if Dagster is away."""
    day_ago = datetime.now(UTC) - timedelta(hours=24)
    totals = table_results.totals(session, day_ago)
    pipelines = _pipelines(session)
    state_of = states(dagster, pipelines)
    return Summary(
        total_sources=session.scalar(select(func.count()).select_from(Source)) or 0,
        total_pipelines=len(pipelines),
        active_pipelines=sum(state == "active" for state in state_of.values()),
        total_rows_synced=totals.total,
        rows_synced_24h=totals.recent,
        failed_runs_24h=dagster.count_runs(
            RunFilter(statuses=[RunStatus.FAILURE], created_after=day_ago)
        ),
        unique_tables=table_results.synced_tables(session),
    )


def _pipelines(session: Session) -> list[Pipeline]:
    """All pipelines, with what their states need alone."""
    query = select(Pipeline).options(
        load_only(Pipeline.slug, Pipeline.schedule, Pipeline.depends_on, Pipeline.starts_paused)
    )
    enabled = selectinload(Pipeline.tables).load_only(PipelineTable.enabled)
    return [
        *session.scalars(query.where(~Pipeline.starts_paused)),
        *session.scalars(query.where(Pipeline.starts_paused).options(enabled)),
    ]


def recent_runs(session: Session, dagster: DagsterClient, links: str, limit: int) -> list[Run]:
    """The latest runs of all pipelines, newest first; raises UnavailableError."""
    return runs.page(session, dagster, links, Paging(limit=limit)).runs
