"""Steps of tables that were taken out of a pipeline after a run of it was asked for.

A run does the steps that it was planned with, in a process that builds the pipeline as it is when
it starts; between the two a person may have taken a table out. Owns a stand-in for each such step,
which does nothing and says so: the run's other tables are synced as if nothing had happened.
"""

# No deferred annotations here: Dagster reads the step's own as they stand.

from collections.abc import Collection, Iterator
from typing import Any

import dagster as dg

from arus_dagster.defs.runs import ACTIVE


def absent_tables(
    instance: dg.DagsterInstance, job_name: str, present: Collection[str]
) -> list[dg.AssetsDefinition]:
    """A stand-in for each step that a run which has not ended is to do, and that is not there.

    Args:
        present: names of the steps that there are.
    """
    found: dict[str, dg.AssetsDefinition] = {}
    taken: set[dg.AssetKey] = set()
    runs = instance.get_runs(filters=dg.RunsFilter(job_name=job_name, statuses=ACTIVE))
    for run in runs:
        if run.execution_plan_snapshot_id is None:
            continue
        plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
        for step in plan.steps:
            properties = [output.properties for output in step.outputs]
            keys = {p.asset_key for p in properties if p is not None and p.asset_key is not None}
            if step.key in present or step.key in found or keys & taken:
                continue
            found[step.key] = _stand_in(step)
            taken |= keys
    return list(found.values())


def _stand_in(step: Any) -> dg.AssetsDefinition:
    """An assets definition whose step has the name and the outputs of a planned one."""
    assets: dict[str, dg.AssetKey] = {}
    checks: dict[str, dg.AssetCheckSpec] = {}
    for output in step.outputs:
        check = output.properties.asset_check_key
        if check is not None:
            checks[output.name] = dg.AssetCheckSpec(check.name, asset=check.asset_key)
        elif output.properties.asset_key is not None:
            assets[output.name] = output.properties.asset_key

    def say_so(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
        context.log.warning("Skipped: The pipeline no longer has this table.")
        yield from ()

    op = dg.op(
        name=step.key,
        out={name: dg.Out(dg.Nothing, is_required=False) for name in (*assets, *checks)},
    )(say_so)
    return dg.AssetsDefinition(
        keys_by_input_name={},
        keys_by_output_name=assets,
        node_def=op,
        specs=[dg.AssetSpec(key) for key in assets.values()],
        check_specs_by_output_name=checks,
    )
