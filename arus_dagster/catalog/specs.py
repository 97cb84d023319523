"""What a run is told: connections and tables as plain data, with secrets decrypted.

Owns the step from catalog rows to the engine's request. It is taken when a step starts, so a
changed password, row filter or script counts from the next run on without any reload.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import settings
from arus_dagster.catalog.runtime_settings import RuntimeSettings
from arus_dagster.catalog.script import TransformScript
from arus_dagster.catalog.session import cipher_of
from arus_dagster.catalog.source import Source
from arus_dagster.dialects.base import ConnectionSpec, SourceType, SslMode, TableRef
from arus_dagster.engine.specs import (
    DeleteDetection,
    LoadMode,
    Policy,
    RunSpec,
    Script,
    SoftDelete,
    SyncMode,
    SyncRequest,
    TableSpec,
)
from arus_dagster.errors import NotFoundError


def connection_spec(session: Session, place: Source | Destination) -> ConnectionSpec:
    """How to reach a source or destination.

    Raises:
        ConfigurationError: its secrets can't be decrypted.
    """
    secrets = cipher_of(session).decrypt_json(place.secrets)
    return ConnectionSpec(
        type=cast(SourceType, place.type),
        host=place.host,
        port=place.port,
        database=place.database,
        username=place.username,
        password=secrets.get("password", ""),
        ssl_mode=cast(SslMode, place.ssl_mode),
        ssl_ca=place.ssl_ca,
        ssl_cert=place.ssl_cert,
        ssl_key=secrets.get("ssl_key"),
    )


def sync_request(
    session: Session, pipeline_id: uuid.UUID, table_id: uuid.UUID, run: RunSpec
) -> SyncRequest:
    """All that the engine needs for one table of one run.

    Raises:
        NotFoundError: the pipeline no longer has this table.
        ConfigurationError: a secret can't be decrypted.
    """
    table = session.scalar(
        select(PipelineTable)
        .where(PipelineTable.id == table_id, PipelineTable.pipeline_id == pipeline_id)
        .options(
            joinedload(PipelineTable.pipeline).joinedload(Pipeline.source),
            joinedload(PipelineTable.pipeline).joinedload(Pipeline.destination),
        )
    )
    if table is None:
        raise NotFoundError("The pipeline no longer has this table")
    pipeline = table.pipeline
    in_force = settings.load(session)
    scripts = session.scalars(
        select(TransformScript)
        .where(TransformScript.pipeline_id == pipeline_id)
        .order_by(TransformScript.sequence)
    ).all()
    # No read is longer than the run that it is for.
    limit = pipeline.timeout_seconds or in_force.timeout_seconds
    return SyncRequest(
        pipeline_id=str(pipeline.id),
        pipeline_name=pipeline.name,
        source=replace(connection_spec(session, pipeline.source), read_limit_seconds=limit),
        destination=connection_spec(session, pipeline.destination),
        raw_schema=pipeline.destination.raw_schema,
        table=_table_spec(table, in_force),
        run=run,
        policy=policy(in_force),
        scripts=tuple(
            Script(name=script.name, content=script.content, table=script.table)
            for script in scripts
        ),
    )


def policy(in_force: RuntimeSettings) -> Policy:
    """The settings that bear on a load."""
    return Policy(
        auto_alter_schema=in_force.auto_alter_schema,
        schema_drift_detection=in_force.schema_drift_detection,
        drift_backfill=in_force.drift_backfill,
        dead_letter_limit=in_force.dead_letter_limit,
        dead_letter_share=in_force.dead_letter_share,
        quality_check_threshold=in_force.quality_check_threshold,
        raw_retention_runs=in_force.raw_retention_runs,
        raw_retention_days=in_force.raw_retention_days,
    )


def _table_spec(table: PipelineTable, in_force: RuntimeSettings) -> TableSpec:
    raw = TableRef(table.raw_schema, table.raw_table) if table.load_mode == "raw" else None
    lookback = table.lookback_seconds
    return TableSpec(
        id=str(table.id),
        source=TableRef(table.schema, table.name),
        target=TableRef(table.target_schema, table.target_table),
        sync_mode=cast(SyncMode, table.sync_mode),
        load_mode=cast(LoadMode, table.load_mode),
        raw=raw,
        primary_key=tuple(table.primary_key),
        watermark_column=table.watermark_column,
        lookback_seconds=in_force.lookback_seconds if lookback is None else lookback,
        soft_delete_column=table.soft_delete_column,
        soft_delete=cast(SoftDelete, table.soft_delete),
        delete_detection=cast(DeleteDetection, table.delete_detection),
        row_filter=table.row_filter,
        tinyint1_as_bool=table.tinyint1_as_bool,
    )
