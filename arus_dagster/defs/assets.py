"""Assets: a source's table, and what one step makes of it in the warehouse.

Owns keys, groups, kinds and descriptions, so that Dagster's UI reads well without explanation.
Refuses to know how a table is synced; that is the step's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog.shapes import shape_from_json
from arus_dagster.defs.checks import check_specs
from arus_dagster.defs.columns import raw_schema, source_schema
from arus_dagster.defs.links import pipeline_link
from arus_dagster.defs.pipelines import PipelineDefinition, TableDefinition
from arus_dagster.defs.shapes import StoredShapes
from arus_dagster.defs.step import Keys, sync_op
from arus_dagster.dialects.base import TableRef

# Dagster's spelling, which picks the icon.
_KINDS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mariadb"}
_MODES = {"incremental": "incrementally", "full_refresh": "by full refresh"}


@dataclass(frozen=True, slots=True)
class TableAssets:
    """A table's external source asset, and the definition that makes its raw and target."""

    source: dg.AssetSpec
    synced: dg.AssetsDefinition


def table_assets(
    pipeline: PipelineDefinition,
    table: TableDefinition,
    owners: Sequence[str],
    shapes: StoredShapes,
    console: str,
) -> TableAssets:
    """The assets of one table.

    Args:
        owners: e-mail addresses or ``team:<name>``.
        shapes: what is known of source tables; may lack this one.
        console: the console's address.
    """
    keys = table_keys(pipeline, table)
    specs = [_target_spec(pipeline, table, keys, owners, console)]
    outputs = {"target": keys.target}
    if keys.raw is not None:
        specs.insert(0, _raw_spec(pipeline, table, keys.raw, keys.source, owners, console))
        outputs["raw"] = keys.raw
    checks = check_specs(keys.target, table.sync_mode)
    # Made from an op, not by @multi_asset: that derives names of inputs and outputs from the
    # keys, and refuses tables whose names hold spaces, quotes or letters outside ASCII.
    synced = dg.AssetsDefinition(
        keys_by_input_name={"source": keys.source},
        keys_by_output_name=outputs,
        node_def=sync_op(pipeline, table, keys, outputs=[*outputs, *checks]),
        specs=specs,
        check_specs_by_output_name=checks,
    )
    return TableAssets(_source_spec(pipeline, table, keys.source, shapes), synced)


def table_keys(pipeline: PipelineDefinition, table: TableDefinition) -> Keys:
    """The asset keys of one table."""
    destination = pipeline.destination_slug
    source = names.source_path(pipeline.source_slug, table.schema, table.name)
    raw = names.raw_path(destination, table.raw_schema, table.raw_table)
    target = names.target_path(destination, table.target_schema, table.target_table)
    return Keys(
        source=dg.AssetKey(source),
        raw=dg.AssetKey(raw) if table.load_mode == "raw" else None,
        target=dg.AssetKey(target),
    )


def _source_spec(
    pipeline: PipelineDefinition, table: TableDefinition, key: dg.AssetKey, shapes: StoredShapes
) -> dg.AssetSpec:
    """The source's table: the same from whichever pipeline it is made, since they share it."""
    name = f"{table.schema}.{table.name}"
    stored = shapes.get((pipeline.source_slug, table.schema, table.name))
    shape = shape_from_json(TableRef(table.schema, table.name), stored) if stored else None
    kind = shape.kind.replace("_", " ") if shape else "table"
    metadata: dict[str, object] = {"dagster/table_name": name}
    if shape:
        metadata["dagster/column_schema"] = source_schema(shape.columns)
    return dg.AssetSpec(
        key=key,
        description=(shape.comment if shape else None)
        or f"{kind.capitalize()} {name} of {pipeline.source_name}.",
        group_name=f"source_{pipeline.source_slug}",
        kinds={_KINDS[pipeline.source_type], "view" if "view" in kind else "table"},
        metadata=metadata,
    )


def _raw_spec(
    pipeline: PipelineDefinition,
    table: TableDefinition,
    key: dg.AssetKey,
    source: dg.AssetKey,
    owners: Sequence[str],
    console: str,
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=key,
        deps=[source],
        description=f"Rows of {table.schema}.{table.name} of {pipeline.source_name}, "
        "as they were read, as JSON.",
        group_name=pipeline.slug,
        kinds={"postgres", "json"},
        owners=list(owners),
        tags=_tags(table),
        metadata={
            "dagster/table_name": f"{table.raw_schema}.{table.raw_table}",
            "dagster/column_schema": raw_schema(),
            **pipeline_link(console, pipeline.id),
        },
    )


def _target_spec(
    pipeline: PipelineDefinition,
    table: TableDefinition,
    keys: Keys,
    owners: Sequence[str],
    console: str,
) -> dg.AssetSpec:
    how = _MODES[table.sync_mode]
    if table.watermark_column:
        how += f" on {table.watermark_column}"
    return dg.AssetSpec(
        key=keys.target,
        deps=[keys.raw or keys.source],
        description=f"{table.schema}.{table.name} of {pipeline.source_name}, synced {how}.",
        group_name=pipeline.slug,
        kinds={"postgres", "table"},
        owners=list(owners),
        tags=_tags(table),
        metadata={
            "dagster/table_name": f"{table.target_schema}.{table.target_table}",
            **pipeline_link(console, pipeline.id),
        },
    )


def _tags(table: TableDefinition) -> dict[str, str]:
    return {
        "arus/sync_mode": table.sync_mode,
        "arus/load_mode": table.load_mode,
    }
