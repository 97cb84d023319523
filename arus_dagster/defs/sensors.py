"""The sensor of a pipeline without a schedule: it runs when its upstream has succeeded.

Owns the question "is there a success of the upstream that this pipeline has not followed yet?".
Successes that fall together are followed once, and one that comes while the pipeline is at work
is followed when it is done.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.session import session_scope
from arus_dagster.defs.links import pipeline_link
from arus_dagster.defs.pipelines import PipelineDefinition
from arus_dagster.defs.runs import active_run, latest_success

INTERVAL_SECONDS = 10


def build_upstream_sensor(
    pipeline: PipelineDefinition, owners: Sequence[str], console: str
) -> dg.SensorDefinition | None:
    """The pipeline's sensor; None where it has a schedule or depends on nothing."""
    if pipeline.schedule is not None or pipeline.depends_on is None:
        return None
    return dg.SensorDefinition(
        name=names.upstream_sensor_name(pipeline.slug),
        job_name=names.job_name(pipeline.slug),
        evaluation_fn=_evaluation(pipeline.id),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.STOPPED
            if pipeline.starts_paused
            else dg.DefaultSensorStatus.RUNNING
        ),
        owners=list(owners),
        metadata=pipeline_link(console, pipeline.id),
        description=f"Syncs {pipeline.name} when the pipeline it depends on has succeeded.",
    )


def _evaluation(
    pipeline_id: str,
) -> Callable[[dg.SensorEvaluationContext], dg.SensorResult | dg.SkipReason]:
    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with session_scope() as session:
            pipeline = session.get(Pipeline, uuid.UUID(pipeline_id))
            if pipeline is None:
                return dg.SkipReason("The pipeline was deleted.")
            if pipeline.schedule is not None or pipeline.depends_on is None:
                return dg.SkipReason("The pipeline no longer waits for another alone.")
            upstream_id, made_at = str(pipeline.depends_on), pipeline.created_at
        success = latest_success(context.instance, upstream_id)
        if success is None:
            return dg.SkipReason("The upstream has not succeeded yet.")
        run_id = success.dagster_run.run_id
        if context.cursor == run_id:
            return dg.SkipReason(f"Its success {run_id} was followed already.")
        if (success.end_time or 0) < made_at.timestamp():
            return dg.SkipReason(f"Its success {run_id} is older than this pipeline.")
        busy = active_run(context.instance, pipeline_id)
        if busy is not None:
            return dg.SkipReason(f"Run {busy.run_id} comes first; {run_id} is followed after it.")
        tags = {names.TRIGGER: "dependency", names.MODE: "sync"}
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=run_id, tags=tags)], cursor=run_id
        )

    return evaluate
