"""Recorded differences between a source table's columns then and now."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.table_result import TableDrift
from arus_dagster.engine.result import DriftEvent
from arus_dagster.engine.specs import SyncRequest


def replace(session: Session, request: SyncRequest, events: Sequence[DriftEvent]) -> None:
    """Store what a table's sync saw, in place of what an earlier attempt in the run saw."""
    table_id = uuid.UUID(request.table.id)
    session.execute(
        sa.delete(TableDrift).where(
            TableDrift.run_id == request.run.id, TableDrift.table_id == table_id
        )
    )
    session.add_all(
        TableDrift(
            run_id=request.run.id,
            pipeline_id=uuid.UUID(request.pipeline_id),
            table_id=table_id,
            table_name=str(request.table.source),
            kind=event.kind,
            column=event.column,
            before=event.before,
            after=event.after,
            message=event.message,
        )
        for event in events
    )
    session.flush()


def of_pipeline(session: Session, pipeline_id: uuid.UUID, *, limit: int) -> Sequence[TableDrift]:
    """The last drifts of a pipeline, newest first."""
    return session.scalars(
        select(TableDrift)
        .where(TableDrift.pipeline_id == pipeline_id)
        .order_by(TableDrift.detected_at.desc(), TableDrift.id.desc())
        .limit(limit)
    ).all()


def of_run(session: Session, run_id: str) -> Sequence[TableDrift]:
    """The drifts that a run saw, by table and column."""
    return session.scalars(
        select(TableDrift)
        .where(TableDrift.run_id == run_id)
        .order_by(TableDrift.table_name, TableDrift.column, TableDrift.id)
    ).all()
