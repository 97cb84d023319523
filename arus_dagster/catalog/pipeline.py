"""Pipelines: which tables of a source go to which destination, and when."""

from __future__ import annotations

import uuid

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from arus_dagster.catalog.base import Base, Identified, Timestamped
from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.source import Source


class Pipeline(Identified, Timestamped, Base):
    """A pipeline; ``slug`` is its Dagster job's name and asset group, kept through renames.

    Whether it is paused is Dagster's to say (its schedule's state), so it is not stored here;
    ``starts_paused`` is the state that a schedule or sensor has before anybody started or stopped
    it in Dagster, which is that of the one it replaced.
    ``schedule`` None means no schedule of its own; ``timezone``, ``max_retries``,
    ``initial_backoff`` and ``timeout_seconds`` None mean the installation's setting.
    ``parallel_tables`` is how many of its tables are synced at the same time.
    ``from_selection`` marks the one pipeline that follows its source's table selection; the
    pipelines that people make themselves are never changed by it. ``rows_synced_before`` keeps
    the rows of results that were pruned, so that totals never shrink.
    """

    __tablename__ = "pipelines"

    name: Mapped[str] = mapped_column(String(200), nullable=False)
    slug: Mapped[str] = mapped_column(String(63), nullable=False, unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    source_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Source.id, ondelete="RESTRICT"), nullable=False, index=True
    )
    destination_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True),
        ForeignKey(Destination.id, ondelete="RESTRICT"),
        nullable=False,
        index=True,
    )
    schedule: Mapped[str | None] = mapped_column(String(200))
    timezone: Mapped[str | None] = mapped_column(String(64))
    target_schema: Mapped[str] = mapped_column(String(63), nullable=False)
    load_mode: Mapped[str] = mapped_column(String(20), server_default="direct", nullable=False)
    depends_on: Mapped[uuid.UUID | None] = mapped_column(
        UUID(as_uuid=True), ForeignKey("pipelines.id", ondelete="RESTRICT"), index=True
    )
    max_retries: Mapped[int | None] = mapped_column(Integer)
    initial_backoff: Mapped[int | None] = mapped_column(Integer)
    timeout_seconds: Mapped[int | None] = mapped_column(Integer)
    parallel_tables: Mapped[int] = mapped_column(Integer, server_default="1", nullable=False)
    from_selection: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), nullable=False
    )
    starts_paused: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), nullable=False
    )
    rows_synced_before: Mapped[int] = mapped_column(BigInteger, server_default="0", nullable=False)

    source: Mapped[Source] = relationship(lazy="raise")
    destination: Mapped[Destination] = relationship(lazy="raise")
    tables: Mapped[list[PipelineTable]] = relationship(
        back_populates="pipeline",
        lazy="raise",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="PipelineTable.position",
    )


Index("uq_pipelines_name_lower", func.lower(Pipeline.name), unique=True)
Index(
    "uq_pipelines_one_from_selection",
    Pipeline.source_id,
    Pipeline.destination_id,
    unique=True,
    postgresql_where=text("from_selection"),
)


class PipelineTable(Identified, Timestamped, Base):
    """One table of a pipeline; its id is the key of its state in the warehouse.

    ``destination_id`` repeats the pipeline's, so that the database itself keeps two pipelines
    from writing one target.
    """

    __tablename__ = "pipeline_tables"
    __table_args__ = (
        UniqueConstraint("pipeline_id", "schema", "name"),
        UniqueConstraint("destination_id", "target_schema", "target_table"),
        UniqueConstraint("destination_id", "raw_schema", "raw_table"),
    )

    pipeline_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Pipeline.id, ondelete="CASCADE"), nullable=False
    )
    destination_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Destination.id, ondelete="RESTRICT"), nullable=False
    )
    position: Mapped[int] = mapped_column(Integer, nullable=False)
    schema: Mapped[str] = mapped_column(String(255), nullable=False)
    name: Mapped[str] = mapped_column(String(255), nullable=False)
    target_schema: Mapped[str] = mapped_column(String(63), nullable=False)
    target_table: Mapped[str] = mapped_column(String(63), nullable=False)
    raw_schema: Mapped[str] = mapped_column(String(63), nullable=False)
    raw_table: Mapped[str] = mapped_column(String(63), nullable=False)
    sync_mode: Mapped[str] = mapped_column(String(20), nullable=False)
    load_mode: Mapped[str] = mapped_column(String(20), nullable=False)
    primary_key: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", nullable=False)
    watermark_column: Mapped[str | None] = mapped_column(String(255))
    lookback_seconds: Mapped[int | None] = mapped_column(Integer)
    soft_delete_column: Mapped[str | None] = mapped_column(String(255))
    soft_delete: Mapped[str] = mapped_column(String(20), server_default="remove", nullable=False)
    delete_detection: Mapped[str] = mapped_column(String(20), server_default="none", nullable=False)
    row_filter: Mapped[str | None] = mapped_column(Text)
    tinyint1_as_bool: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), nullable=False
    )
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), nullable=False)

    pipeline: Mapped[Pipeline] = relationship(back_populates="tables", lazy="raise")
