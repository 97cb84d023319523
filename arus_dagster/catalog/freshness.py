"""How far pipelines are behind their sources.

Owns the reading of a watermark as a time. Refuses to guess: a watermark that is a number or a
text tells no lag.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.pipeline import PipelineTable
from arus_dagster.catalog.table_result import TableResult


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of a pipeline's enabled tables, the worst; None where nothing can be told.

    Args:
        lag_seconds: now minus the watermark.
        age_seconds: now minus the end of the last successful sync.
    """

    lag_seconds: float | None = None
    age_seconds: float | None = None


def freshness_by_pipeline(session: Session, now: datetime) -> Mapping[uuid.UUID, Freshness]:
    """How fresh every pipeline is, in one query."""
    latest = (
        select(TableResult.watermark_after, TableResult.finished_at)
        .where(TableResult.table_id == PipelineTable.id, TableResult.error_message.is_(None))
        .order_by(TableResult.finished_at.desc())
        .limit(1)
        .lateral()
    )
    rows = session.execute(
        select(
            PipelineTable.pipeline_id,
            PipelineTable.sync_mode,
            latest.c.watermark_after,
            latest.c.finished_at,
        )
        .join(latest, sa.true())
        .where(PipelineTable.enabled)
    )
    found: dict[uuid.UUID, Freshness] = {}
    for pipeline_id, sync_mode, watermark, finished_at in rows:
        so_far = found.get(pipeline_id, Freshness())
        at = watermark_time(watermark) if sync_mode == "incremental" else None
        lag = None if at is None else max(0.0, (now - at).total_seconds())
        age = max(0.0, (now - finished_at).total_seconds())
        found[pipeline_id] = Freshness(
            _greater(so_far.lag_seconds, lag), _greater(so_far.age_seconds, age)
        )
    return found


def watermark_time(watermark: str | None) -> datetime | None:
    """The moment that a watermark names; one without a zone is read as UTC.

    Args:
        watermark: as the source writes it, e.g. ``2026-01-31 12:00:00.5+00``.
    """
    # Numbers come in forms that are dates too, such as 20260131.
    if watermark is None or "-" not in watermark[1:]:
        return None
    try:
        at = datetime.fromisoformat(watermark)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _greater(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)
