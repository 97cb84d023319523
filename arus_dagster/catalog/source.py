"""Source connections and the tables last discovered in them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, Integer, LargeBinary, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base, Identified, Timestamped


class Source(Identified, Timestamped, Base):
    """A MySQL, MariaDB or PostgreSQL database that is read.

    ``slug`` names the source in asset keys and raw table names; it is made once and stays
    through renames, so that lineage and history stay whole. ``secrets`` is an encrypted JSON
    object (password, client key).
    """

    __tablename__ = "sources"

    name: Mapped[str] = mapped_column(String(200), nullable=False)
    slug: Mapped[str] = mapped_column(String(63), nullable=False, unique=True)
    type: Mapped[str] = mapped_column(String(20), nullable=False)
    host: Mapped[str] = mapped_column(String(255), nullable=False)
    port: Mapped[int] = mapped_column(Integer, nullable=False)
    database: Mapped[str] = mapped_column(String(255), nullable=False)
    username: Mapped[str] = mapped_column(String(255), nullable=False)
    secrets: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
    ssl_mode: Mapped[str] = mapped_column(String(20), server_default="prefer", nullable=False)
    ssl_ca: Mapped[str | None] = mapped_column(Text)
    ssl_cert: Mapped[str | None] = mapped_column(Text)
    sync_method: Mapped[str] = mapped_column(String(20), server_default="auto", nullable=False)
    table_include: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", nullable=False)
    table_exclude: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", nullable=False)
    schema_include: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", nullable=False)
    status: Mapped[str] = mapped_column(String(20), server_default="registered", nullable=False)
    last_tested: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)


Index("uq_sources_name_lower", func.lower(Source.name), unique=True)


class SourceTable(Base):
    """A table as the last discovery saw it; ``shape`` holds columns, key and watermark facts."""

    __tablename__ = "source_tables"

    source_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Source.id, ondelete="CASCADE"), primary_key=True
    )
    schema: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False)
    discovered_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("now()"), nullable=False
    )
