"""What the engine measured for one table in one run, and the drift it saw."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base, Identified
from arus_dagster.catalog.pipeline import Pipeline


class TableResult(Base):
    """The latest attempt of a table within a run; status and times of the run are Dagster's."""

    __tablename__ = "table_results"

    run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    table_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    pipeline_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Pipeline.id, ondelete="CASCADE"), nullable=False
    )
    table_name: Mapped[str] = mapped_column(String(511), nullable=False)
    rows_extracted: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_loaded_raw: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_loaded: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_deleted: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_dropped: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_failed: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    rows_removed: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    duration_ms: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)
    watermark_before: Mapped[str | None] = mapped_column(Text)
    watermark_after: Mapped[str | None] = mapped_column(Text)
    full: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), nullable=False)
    warnings: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}", nullable=False)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]", nullable=False)
    error_message: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), nullable=False
    )


Index("ix_table_results_pipeline_finished", TableResult.pipeline_id, TableResult.finished_at)
Index("ix_table_results_table_finished", TableResult.table_id, TableResult.finished_at)
Index("ix_table_results_finished", TableResult.finished_at)


class TableDrift(Identified, Base):
    """A recorded difference between a source table's columns then and now."""

    __tablename__ = "table_drifts"

    run_id: Mapped[str] = mapped_column(String(36), nullable=False)
    pipeline_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Pipeline.id, ondelete="CASCADE"), nullable=False
    )
    table_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), nullable=False)
    table_name: Mapped[str] = mapped_column(String(511), nullable=False)
    kind: Mapped[str] = mapped_column(String(30), nullable=False)
    column: Mapped[str | None] = mapped_column(String(255))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text, nullable=False)
    detected_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), nullable=False
    )


Index("ix_table_drifts_pipeline_detected", TableDrift.pipeline_id, TableDrift.detected_at)
