"""What the engine measured per table and run: recorded, summed up, pruned.

Owns the sums that dashboards and lists show. Status and times of a run are Dagster's; this knows
its id alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import table_drifts
from arus_dagster.catalog.table_result import TableResult
from arus_dagster.engine.result import DriftEvent, SyncResult
from arus_dagster.engine.specs import SyncRequest

_MEASURED = (
    "rows_extracted",
    "rows_loaded_raw",
    "rows_loaded",
    "rows_deleted",
    "rows_dropped",
    "rows_failed",
    "rows_removed",
    "row_count",
    "bytes",
    "duration_ms",
    "watermark_before",
    "watermark_after",
    "full",
)
_NOTHING = SyncResult()


@dataclass(frozen=True, slots=True)
class RowTotals:
    """Rows put into targets: ever, and since a moment."""

    total: int = 0
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Sums over syncs of single tables.

    Args:
        tables_failed: how many of them failed.
    """

    rows_loaded: int
    rows_failed: int
    bytes: int
    tables_failed: int


@dataclass(frozen=True, slots=True)
class Latest:
    """What a table's last successful sync left.

    Args:
        row_count: rows in the target.
    """

    watermark_value: str | None
    last_synced_at: datetime
    row_count: int | None


def record(session: Session, request: SyncRequest, result: SyncResult) -> None:
    """Store a table's outcome in a run, in place of an earlier attempt's, with the drift it saw.

    Nothing is stored for a pipeline that was deleted meanwhile.
    """
    _store(session, request, result, result.drift, error_message=None)


def record_failure(
    session: Session,
    request: SyncRequest,
    message: str,
    drift: Sequence[DriftEvent] = (),
) -> None:
    """Store that a table failed in a run; nothing of it was loaded.

    Args:
        message: why; fit to be shown.
        drift: what was seen of the source's columns before the failure.
    """
    _store(session, request, _NOTHING, drift, error_message=message)


def of_run(session: Session, run_id: str) -> Sequence[TableResult]:
    """The results of a run's tables, in the order in which they finished."""
    return session.scalars(
        select(TableResult)
        .where(TableResult.run_id == run_id)
        .order_by(TableResult.finished_at, TableResult.table_id)
    ).all()


def rows_by_run(session: Session, run_ids: Sequence[str]) -> Mapping[str, int]:
    """Rows put into targets by each run; a run that recorded nothing is not named."""
    return dict(
        session.execute(
            select(TableResult.run_id, _rows())
            .where(TableResult.run_id.in_(run_ids))
            .group_by(TableResult.run_id)
        ).all()
    )


def totals(session: Session, since: datetime) -> RowTotals:
    """Rows put into the targets of all pipelines.

    Args:
        since: the moment from which rows count as recent.
    """
    before = session.scalar(select(func.coalesce(func.sum(Pipeline.rows_synced_before), 0))) or 0
    kept, recent = session.execute(select(_rows(), _rows(since))).one()
    return RowTotals(total=int(before) + int(kept), recent=int(recent))


def totals_by_pipeline(
    session: Session, pipeline_ids: Sequence[uuid.UUID], since: datetime
) -> Mapping[uuid.UUID, RowTotals]:
    """``totals`` for each of some pipelines, in one query."""
    rows = session.execute(
        select(
            Pipeline.id,
            Pipeline.rows_synced_before + _rows(),
            _rows(since),
        )
        .outerjoin(TableResult, TableResult.pipeline_id == Pipeline.id)
        .where(Pipeline.id.in_(pipeline_ids))
        .group_by(Pipeline.id)
    ).all()
    return {key: RowTotals(total=int(total), recent=int(recent)) for key, total, recent in rows}


def measured_since(session: Session, since: datetime) -> Mapping[uuid.UUID, Measured]:
    """What was measured of each pipeline from a moment on, in one query; idle ones are left out."""
    rows = session.execute(
        select(
            TableResult.pipeline_id,
            func.sum(TableResult.rows_loaded),
            func.sum(TableResult.rows_failed),
            func.sum(TableResult.bytes),
            func.count(TableResult.error_message),
        )
        .where(TableResult.finished_at >= since)
        .group_by(TableResult.pipeline_id)
    ).all()
    return {key: Measured(*(int(figure) for figure in figures)) for key, *figures in rows}


def rows_by_day(session: Session, since: date) -> Mapping[date, int]:
    """Rows put into targets on each day in UTC from ``since`` on; empty days are left out."""
    day = sa.cast(func.timezone("UTC", TableResult.finished_at), sa.Date)
    start = sa.cast(since, sa.DateTime(timezone=True))
    rows = session.execute(
        select(day, _rows()).where(TableResult.finished_at >= start).group_by(day)
    ).all()
    return {key: int(count) for key, count in rows}


def latest_by_table(
    session: Session, pipeline_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Latest]:
    """The last successful sync of each table of some pipelines, in one query."""
    of_table = (
        select(TableResult)
        .where(TableResult.table_id == PipelineTable.id, TableResult.error_message.is_(None))
        .order_by(TableResult.finished_at.desc())
        .limit(1)
        .lateral()
    )
    rows = session.execute(
        select(
            PipelineTable.id,
            of_table.c.watermark_after,
            of_table.c.finished_at,
            of_table.c.row_count,
        )
        .join(of_table, sa.true())
        .where(PipelineTable.pipeline_id.in_(pipeline_ids))
    ).all()
    return {key: Latest(*facts) for key, *facts in rows}


def synced_tables(session: Session) -> int:
    """How many different source tables enabled pipeline tables read."""
    distinct = (
        select(Pipeline.source_id, PipelineTable.schema, PipelineTable.name)
        .join(Pipeline, Pipeline.id == PipelineTable.pipeline_id)
        .where(PipelineTable.enabled)
        .distinct()
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(distinct)) or 0


def prune(session: Session, older_than: timedelta) -> int:
    """Forget old results, but none that is the last successful one of its table.

    The rows they loaded stay in their pipeline's total.

    Returns:
        How many results were forgotten.
    """
    newer = aliased(TableResult)
    superseded = sa.or_(
        TableResult.error_message.is_not(None),
        sa.exists().where(
            newer.table_id == TableResult.table_id,
            newer.error_message.is_(None),
            newer.finished_at > TableResult.finished_at,
        ),
    )
    gone = (
        sa.delete(TableResult)
        .where(TableResult.finished_at < func.now() - older_than, superseded)
        .returning(TableResult.pipeline_id, TableResult.rows_loaded)
        .cte("gone")
    )
    sums = (
        select(gone.c.pipeline_id, func.sum(gone.c.rows_loaded).label("rows"))
        .group_by(gone.c.pipeline_id)
        .cte("sums")
    )
    added = (
        sa.update(Pipeline)
        .where(Pipeline.id == sums.c.pipeline_id)
        .values(
            rows_synced_before=Pipeline.rows_synced_before + sums.c.rows,
            # Not a change that anybody made.
            updated_at=Pipeline.updated_at,
        )
        .returning(Pipeline.id)
        .cte("added")
    )
    statement = select(func.count()).select_from(gone).add_cte(added)
    return session.execute(statement).scalar_one()


def _rows(since: datetime | None = None) -> sa.ColumnElement[int]:
    rows: sa.ColumnElement[Any] = func.sum(TableResult.rows_loaded)
    if since is not None:
        rows = func.sum(TableResult.rows_loaded).filter(TableResult.finished_at >= since)
    return func.coalesce(rows, 0)


def _store(
    session: Session,
    request: SyncRequest,
    result: SyncResult,
    drift: Sequence[DriftEvent],
    error_message: str | None,
) -> None:
    pipeline_id = uuid.UUID(request.pipeline_id)
    exists = session.scalar(
        select(Pipeline.id)
        .where(Pipeline.id == pipeline_id)
        .with_for_update(read=True, key_share=True)
    )
    if exists is None:
        return
    values: dict[str, Any] = {name: getattr(result, name) for name in _MEASURED}
    values |= {
        "pipeline_id": pipeline_id,
        "table_name": str(request.table.source),
        "warnings": dict(result.warnings),
        "checks": [asdict(check) for check in result.checks],
        "error_message": error_message,
        "finished_at": func.clock_timestamp(),
    }
    statement = insert(TableResult).values(
        run_id=request.run.id, table_id=uuid.UUID(request.table.id), **values
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[TableResult.run_id, TableResult.table_id], set_=values
        )
    )
    table_drifts.replace(session, request, drift)
