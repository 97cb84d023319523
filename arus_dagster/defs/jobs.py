"""The job of a pipeline: all of its tables, one step each; ``executor`` runs them."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from arus_dagster import names
from arus_dagster.defs.assets import TableAssets
from arus_dagster.defs.executor import executor
from arus_dagster.defs.links import pipeline_link
from arus_dagster.defs.pipelines import PipelineDefinition


def build_job(
    pipeline: PipelineDefinition,
    tables: Sequence[TableAssets],
    owners: Sequence[str],
    console: str,
    absent: Sequence[dg.AssetsDefinition] = (),
) -> dg.JobDefinition:
    """The job, resolved against this pipeline's assets alone.

    Args:
        absent: stand-ins for tables that a run still counts on.

    Resolving against the whole installation's asset graph grows faster than the installation; a
    graph of one pipeline is as quick with a thousand others as with none.
    """
    made = [*(table.synced for table in tables), *absent]
    keys = [key for definition in made for key in definition.keys]
    name = names.job_name(pipeline.slug)
    job = dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*keys),
        description=_describe(pipeline),
        owners=list(owners),
        metadata=pipeline_link(console, pipeline.id),
        executor_def=executor(pipeline.parallel_tables),
        tags={
            # On the job, so that a run launched in Dagster's UI is this pipeline's too.
            names.PIPELINE_ID: pipeline.id,
            names.MAX_RUNTIME: str(pipeline.timeout_seconds),
        },
    )
    assets: list[dg.AssetSpec | dg.AssetsDefinition] = [
        *(table.source for table in tables),
        *made,
    ]
    return dg.Definitions(assets=assets, jobs=[job]).resolve_job_def(name)


def _describe(pipeline: PipelineDefinition) -> str:
    what = f"{pipeline.name}: {pipeline.source_name} to {pipeline.destination_name}."
    return f"{what} {pipeline.description}" if pipeline.description else what
