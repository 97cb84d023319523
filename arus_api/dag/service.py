"""The graph of all pipelines in three layers.

Owns the composition: which tables there are is the catalog's, when an asset was last written is
Dagster's, and how the last attempt went is what the engine measured. The number of requests and
queries does not depend on the number of tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from sqlalchemy import select, true
from sqlalchemy.orm import Session, aliased

from arus_api.dag.schemas import AssetStatus, Dag, DagAsset, DagEdge, DagPipeline, Layer
from arus_api.pipelines.actions import State, states
from arus_api.runs.schemas import RunStatusName
from arus_api.runs.status import status_of
from arus_dagster import names
from arus_dagster.catalog import Pipeline, PipelineTable, TableResult
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import Materialization


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known beside the configuration."""

    links: str
    materializations: Mapping[str, Materialization]
    attempts: Mapping[uuid.UUID, TableResult]


def graph(session: Session, dagster: DagsterClient, links: str) -> Dag:
    """Every pipeline with its assets.

    Args:
        links: base of links into Dagster's UI.

    Raises:
        UnavailableError: Dagster is away.
    """
    facts = _Facts(links, _materializations(dagster), _attempts(session))
    last_statuses = _last_statuses(dagster)
    found = pipelines.all_pipelines(session)
    state_of = states(dagster, found)
    return Dag(
        pipelines=[
            _pipeline(
                pipeline,
                state_of[pipeline.id],
                last_statuses.get(names.job_name(pipeline.slug)),
                facts,
            )
            for pipeline in found
        ],
        edges=[
            DagEdge(source=str(pipeline.depends_on), target=str(pipeline.id))
            for pipeline in found
            if pipeline.depends_on
        ],
    )


def _materializations(dagster: DagsterClient) -> Mapping[str, Materialization]:
    return {
        node.key.text: node.materializations[0]
        for node in dagster.assets()
        if node.materializations
    }


def _attempts(session: Session) -> Mapping[uuid.UUID, TableResult]:
    """The latest result of every enabled table, failed ones too."""
    latest = (
        select(TableResult)
        .where(TableResult.table_id == PipelineTable.id)
        .order_by(TableResult.finished_at.desc())
        .limit(1)
        .lateral()
    )
    rows = session.scalars(
        select(aliased(TableResult, latest))
        .select_from(PipelineTable)
        .join(latest, true())
        .where(PipelineTable.enabled)
    )
    return {result.table_id: result for result in rows}


def _last_statuses(dagster: DagsterClient) -> Mapping[str, RunStatusName]:
    return {job: status_of(runs[0]) for job, runs in dagster.runs_by_job(limit=1).items() if runs}


def _pipeline(
    pipeline: Pipeline,
    state: State,
    last_status: RunStatusName | None,
    facts: _Facts,
) -> DagPipeline:
    enabled = [table for table in pipeline.tables if table.enabled]
    assets: list[DagAsset] = []
    edges: list[DagEdge] = []
    for table in enabled:
        layers = _layers(pipeline, table, facts)
        assets += layers
        edges += [DagEdge(source=before.id, target=after.id) for before, after in pairwise(layers)]
    return DagPipeline(
        id=pipeline.id,
        name=pipeline.name,
        source_name=pipeline.source.name,
        status=state,
        last_run_status=last_status,
        depends_on=pipeline.depends_on,
        has_raw_mode=any(table.load_mode == "raw" for table in enabled),
        table_count=len(enabled),
        assets=assets,
        edges=edges,
    )


def _layers(pipeline: Pipeline, table: PipelineTable, facts: _Facts) -> list[DagAsset]:
    source, destination = pipeline.source.slug, pipeline.destination.slug
    paths: list[tuple[Layer, names.AssetPath, str, str]] = [
        ("source", names.source_path(source, table.schema, table.name), table.schema, table.name)
    ]
    if table.load_mode == "raw":
        path = names.raw_path(destination, table.raw_schema, table.raw_table)
        paths.append(("raw", path, table.raw_schema, table.raw_table))
    path = names.target_path(destination, table.target_schema, table.target_table)
    paths.append(("target", path, table.target_schema, table.target_table))
    attempt = facts.attempts.get(table.id)
    return [
        _asset(layer, path, schema, name, table, None if layer == "source" else attempt, facts)
        for layer, path, schema, name in paths
    ]


def _asset(
    layer: Layer,
    path: names.AssetPath,
    schema: str,
    name: str,
    table: PipelineTable,
    attempt: TableResult | None,
    facts: _Facts,
) -> DagAsset:
    key = names.asset_id(path)
    written = facts.materializations.get(key)
    rows = written.number(_ROWS[layer]) if written and layer in _ROWS else None
    return DagAsset(
        id=key,
        name=name,
        layer=layer,
        schema_name=schema,
        table=name,
        sync_mode=table.sync_mode,
        status=_status(layer, attempt, written),
        rows=None if rows is None else int(rows),
        duration_ms=attempt.duration_ms if attempt else None,
        error=attempt.error_message if attempt else None,
        last_materialized_at=written.timestamp if written else None,
        dagster_url=f"{facts.links}/assets/{'/'.join(quote(part, safe='') for part in path)}",
    )


def _status(
    layer: Layer, attempt: TableResult | None, written: Materialization | None
) -> AssetStatus:
    if layer == "source":
        return "external"
    if attempt is not None and attempt.error_message is not None:
        return "failed"
    return "success" if attempt is not None or written is not None else "pending"


# What an asset's materialization calls its number of rows.
_ROWS: Mapping[Layer, str] = {"raw": "rows_loaded", "target": "dagster/row_count"}
