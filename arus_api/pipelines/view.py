"""Pipelines as they are shown: configuration, what Dagster says of their runs, what was measured.

Owns the putting together, in a number of catalog queries and requests to Dagster that does not
depend on how many pipelines are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from arus_api.pipelines.actions import State, states
from arus_api.pipelines.cron import in_words, next_tick
from arus_api.pipelines.schemas import (
    Drift,
    Endpoint,
    PipelineDetail,
    PipelineOut,
    PipelineStats,
)
from arus_api.pipelines.table_schemas import PipelineTableOut
from arus_api.runs.schemas import Run
from arus_api.runs.service import shown
from arus_dagster import names
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.repositories import settings, table_drifts, table_results
from arus_dagster.catalog.repositories.table_results import RowTotals
from arus_dagster.catalog.runtime_settings import RuntimeSettings
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.latest_runs import LatestRuns
from arus_dagster.orchestration.models import RunStatus

# Runs of which a pipeline's rate of success and mean duration are taken.
RATED_RUNS = 20
SHOWN_DRIFTS = 50
_RATED = frozenset({RunStatus.SUCCESS, RunStatus.FAILURE})
_INHERITED = ("timezone", "max_retries", "initial_backoff", "timeout_seconds")


def pipelines_out(
    session: Session, dagster: DagsterClient, links: str, found: Sequence[Pipeline]
) -> list[PipelineOut]:
    """Pipelines with their state, tables, statistics and latest run.

    Args:
        links: base of links into Dagster's UI.
        found: with source, destination and tables loaded.

    Raises:
        UnavailableError: Dagster is away.
    """
    if not found:
        return []
    now = datetime.now(UTC)
    day_ago = now - timedelta(hours=24)
    ids = [pipeline.id for pipeline in found]
    in_force = settings.load(session)
    totals = table_results.totals_by_pipeline(session, ids, day_ago)
    latest = table_results.latest_by_table(session, ids)
    state_of = states(dagster, found)
    broken = dagster.broken_pipelines()
    runs = dagster.latest_runs(
        [names.job_name(pipeline.slug) for pipeline in found],
        limit=RATED_RUNS,
        failed_since=day_ago,
    )
    latest_runs = [r.latest for r in runs if r.latest is not None]
    last_run_by_job = {
        run.job_name: out
        for run, out in zip(latest_runs, shown(session, links, latest_runs), strict=True)
    }
    return [
        _out(
            pipeline,
            in_force,
            state_of[pipeline.id],
            _stats(pipeline_runs, totals.get(pipeline.id, RowTotals())),
            [PipelineTableOut.of(table, latest.get(table.id)) for table in pipeline.tables],
            last_run_by_job.get(names.job_name(pipeline.slug)),
            broken.get(pipeline.slug),
            links,
            now,
        )
        for pipeline, pipeline_runs in zip(found, runs, strict=True)
    ]


def pipeline_detail(
    session: Session, dagster: DagsterClient, links: str, pipeline: Pipeline
) -> PipelineDetail:
    """One pipeline, with the latest drifts of its source's tables; raises as ``pipelines_out``."""
    (out,) = pipelines_out(session, dagster, links, [pipeline])
    drifts = table_drifts.of_pipeline(session, pipeline.id, limit=SHOWN_DRIFTS)
    return PipelineDetail(**dict(out), drifts=[Drift.model_validate(drift) for drift in drifts])


def _out(
    pipeline: Pipeline,
    in_force: RuntimeSettings,
    state: State,
    stats: PipelineStats,
    tables: list[PipelineTableOut],
    last_run: Run | None,
    problem: str | None,
    links: str,
    now: datetime,
) -> PipelineOut:
    timezone = pipeline.timezone or in_force.timezone
    ticks = pipeline.schedule is not None and state == "active" and problem is None
    return PipelineOut(
        id=pipeline.id,
        name=pipeline.name,
        slug=pipeline.slug,
        description=pipeline.description,
        source_id=pipeline.source_id,
        destination_id=pipeline.destination_id,
        source=Endpoint.model_validate(pipeline.source),
        destination=Endpoint.model_validate(pipeline.destination),
        status=state,
        schedule=pipeline.schedule,
        schedule_label=in_words(pipeline.schedule) if pipeline.schedule else None,
        timezone=timezone,
        target_schema=pipeline.target_schema,
        load_mode=pipeline.load_mode,
        depends_on=pipeline.depends_on,
        max_retries=_or(pipeline.max_retries, in_force.max_retries),
        initial_backoff=_or(pipeline.initial_backoff, in_force.initial_backoff),
        timeout_seconds=_or(pipeline.timeout_seconds, in_force.timeout_seconds),
        parallel_tables=pipeline.parallel_tables,
        inherited=[name for name in _INHERITED if getattr(pipeline, name) is None],
        tables=tables,
        stats=stats,
        last_run=last_run,
        next_run_at=next_tick(pipeline.schedule or "", timezone, now) if ticks else None,
        problem=problem,
        dagster_url=f"{links}/locations/{names.LOCATION}/jobs/{names.job_name(pipeline.slug)}",
        created_at=pipeline.created_at,
        updated_at=pipeline.updated_at,
    )


def _or(own: int | None, inherited: int) -> int:
    return inherited if own is None else own


def _stats(found: LatestRuns, rows: RowTotals) -> PipelineStats:
    # A cancelled run says what a person wanted.
    rated = [run for run in found.outcomes if run.status in _RATED]
    succeeded = sum(run.status == RunStatus.SUCCESS for run in rated)
    durations = [
        (run.ended - run.started) / timedelta(milliseconds=1)
        for run in rated
        if run.started is not None and run.ended is not None
    ]
    return PipelineStats(
        total_rows_synced=rows.total,
        rows_synced_24h=rows.recent,
        success_rate=round(100 * succeeded / len(rated), 1) if rated else None,
        avg_duration_ms=round(sum(durations) / len(durations)) if durations else None,
        error_count_24h=found.failed,
    )
