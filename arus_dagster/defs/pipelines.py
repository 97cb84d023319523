"""What definitions are made of: the catalog's pipelines as plain frozen data.

Owns the reading, in a number of queries that does not depend on how many pipelines there are.
Refuses secrets: nothing is decrypted here, so nothing secret can reach a definition.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from arus_dagster.catalog import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import definitions_version, settings
from arus_dagster.catalog.runtime_settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """An enabled table of a pipeline, as the source and the warehouse name it."""

    id: str
    schema: str
    name: str
    target_schema: str
    target_table: str
    raw_schema: str
    raw_table: str
    load_mode: str
    sync_mode: str
    watermark_column: str | None


@dataclass(frozen=True, slots=True)
class PipelineDefinition:
    """A pipeline with its enabled tables, the installation's settings applied.

    Args:
        schedule: cron expression, or None for no schedule of its own.
        depends_on: the upstream pipeline's id.
        parallel_tables: how many tables are synced at the same time, at least 1.
        starts_paused: the state of its schedule or sensor until it is started or stopped.
    """

    id: str
    name: str
    slug: str
    description: str | None
    source_slug: str
    source_name: str
    source_type: str
    destination_slug: str
    destination_name: str
    schedule: str | None
    timezone: str
    depends_on: str | None
    starts_paused: bool
    timeout_seconds: int
    parallel_tables: int
    tables: tuple[TableDefinition, ...]


@dataclass(frozen=True, slots=True)
class Pipelines:
    """All pipelines, and the number of a change that they are sure to hold."""

    version: int
    pipelines: tuple[PipelineDefinition, ...]


def load_all(session: Session) -> Pipelines:
    """Every pipeline, by slug."""
    # The version first: what is read after it may be newer, never older.
    version = definitions_version.current(session)
    return Pipelines(version, tuple(_load(session, select(Pipeline))))


def load_one(session: Session, slug: str) -> PipelineDefinition | None:
    """The pipeline of this slug, if there is one."""
    return next(iter(_load(session, select(Pipeline).where(Pipeline.slug == slug))), None)


def _load(session: Session, query: Select[Pipeline]) -> list[PipelineDefinition]:
    in_force = settings.load(session)
    pipelines = session.scalars(
        query.options(joinedload(Pipeline.source), joinedload(Pipeline.destination)).order_by(
            Pipeline.slug
        )
    ).all()
    tables = _tables(session, [pipeline.id for pipeline in pipelines])
    return [_definition(pipeline, tables[pipeline.id], in_force) for pipeline in pipelines]


def _tables(
    session: Session, pipeline_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, list[TableDefinition]]:
    columns: tuple[Any, ...] = (
        PipelineTable.id,
        PipelineTable.schema,
        PipelineTable.name,
        PipelineTable.target_schema,
        PipelineTable.target_table,
        PipelineTable.raw_schema,
        PipelineTable.raw_table,
        PipelineTable.load_mode,
        PipelineTable.sync_mode,
        PipelineTable.watermark_column,
    )
    rows = session.execute(
        select(PipelineTable.pipeline_id, *columns)
        .where(PipelineTable.enabled, PipelineTable.pipeline_id.in_(pipeline_ids))
        .order_by(PipelineTable.pipeline_id, PipelineTable.position, PipelineTable.id)
    )
    tables: defaultdict[uuid.UUID, list[TableDefinition]] = defaultdict(list)
    for pipeline_id, table_id, *facts in rows:
        tables[pipeline_id].append(TableDefinition(str(table_id), *facts))
    return tables


def _definition(
    pipeline: Pipeline, tables: Sequence[TableDefinition], in_force: RuntimeSettings
) -> PipelineDefinition:
    return PipelineDefinition(
        id=str(pipeline.id),
        name=pipeline.name,
        slug=pipeline.slug,
        description=pipeline.description,
        source_slug=pipeline.source.slug,
        source_name=pipeline.source.name,
        source_type=pipeline.source.type,
        destination_slug=pipeline.destination.slug,
        destination_name=pipeline.destination.name,
        schedule=pipeline.schedule,
        timezone=pipeline.timezone or in_force.timezone,
        depends_on=str(pipeline.depends_on) if pipeline.depends_on else None,
        starts_paused=pipeline.starts_paused,
        timeout_seconds=pipeline.timeout_seconds or in_force.timeout_seconds,
        parallel_tables=pipeline.parallel_tables,
        tables=tuple(tables),
    )
