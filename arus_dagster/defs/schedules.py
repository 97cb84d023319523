"""Cron schedules, and the reasons for which a tick starts nothing.

The daemon may tick a schedule for up to a minute after it was changed, so each tick asks the
catalog what holds now. Owns those questions; refuses to start a run beside another of the same
pipeline.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
from croniter import croniter
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from arus_dagster import names
from arus_dagster.catalog import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import settings
from arus_dagster.catalog.session import session_scope
from arus_dagster.defs.links import pipeline_link
from arus_dagster.defs.pipelines import PipelineDefinition
from arus_dagster.defs.runs import active_run, latest_outcome


def build_schedule(
    pipeline: PipelineDefinition, owners: Sequence[str], console: str
) -> dg.ScheduleDefinition | None:
    """The pipeline's schedule; None where it has none."""
    if pipeline.schedule is None:
        return None
    return dg.ScheduleDefinition(
        name=names.schedule_name(pipeline.slug),
        job_name=names.job_name(pipeline.slug),
        cron_schedule=pipeline.schedule,
        execution_timezone=pipeline.timezone,
        execution_fn=_evaluation(pipeline.id),
        default_status=(
            dg.DefaultScheduleStatus.STOPPED
            if pipeline.starts_paused
            else dg.DefaultScheduleStatus.RUNNING
        ),
        owners=list(owners),
        metadata=pipeline_link(console, pipeline.id),
        description=f"Syncs {pipeline.name}: "
        f"{pipeline.source_name} to {pipeline.destination_name}.",
    )


def _evaluation(
    pipeline_id: str,
) -> Callable[[dg.ScheduleEvaluationContext], dg.RunRequest | dg.SkipReason]:
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        with session_scope() as session:
            reason, upstream = _present_truth(
                session, uuid.UUID(pipeline_id), context.scheduled_execution_time
            )
        if reason is None:
            reason = _busy(context.instance, pipeline_id) or _held_back(context.instance, upstream)
        if reason is not None:
            return dg.SkipReason(reason)
        return dg.RunRequest(tags={names.TRIGGER: "scheduled", names.MODE: "sync"})

    return evaluate


def _present_truth(
    session: Session, pipeline_id: uuid.UUID, tick: datetime
) -> tuple[str | None, tuple[str, str] | None]:
    """Why the catalog forbids this tick, if it does; and the upstream's id and name, if any."""
    pipeline = session.get(Pipeline, pipeline_id)
    if pipeline is None:
        return "The pipeline was deleted.", None
    if pipeline.schedule is None:
        return "The pipeline no longer has a schedule.", None
    timezone = pipeline.timezone or settings.load(session).timezone
    if not croniter.match(pipeline.schedule, tick.astimezone(ZoneInfo(timezone))):
        return f"The schedule was changed to {pipeline.schedule} ({timezone}).", None
    if not session.scalar(
        select(exists().where(PipelineTable.pipeline_id == pipeline_id, PipelineTable.enabled))
    ):
        return "The pipeline has no enabled table.", None
    if pipeline.depends_on is None:
        return None, None
    upstream_name = session.scalar(select(Pipeline.name).where(Pipeline.id == pipeline.depends_on))
    return None, (str(pipeline.depends_on), str(upstream_name))


def _busy(instance: dg.DagsterInstance, pipeline_id: str) -> str | None:
    run = active_run(instance, pipeline_id)
    if run is None:
        return None
    return f"Run {run.run_id} of this pipeline is {run.status.value.lower()}."


def _held_back(instance: dg.DagsterInstance, upstream: tuple[str, str] | None) -> str | None:
    if upstream is None:
        return None
    upstream_id, name = upstream
    outcome = latest_outcome(instance, upstream_id)
    if outcome is None:
        return f"{name}, which this pipeline depends on, has not run yet."
    if outcome.status != dg.DagsterRunStatus.SUCCESS:
        return (
            f"{name}, which this pipeline depends on, did not succeed: "
            f"its latest run {outcome.run_id} is {outcome.status.value.lower()}."
        )
    return None
