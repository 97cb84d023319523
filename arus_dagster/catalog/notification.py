"""Notification targets, their links to pipelines, and what was sent."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base, Identified, Timestamped
from arus_dagster.catalog.pipeline import Pipeline


class NotificationTarget(Identified, Timestamped, Base):
    """A channel; ``config`` is an encrypted JSON object, since nearly all of it is secret."""

    __tablename__ = "notification_targets"

    name: Mapped[str] = mapped_column(String(200), nullable=False)
    type: Mapped[str] = mapped_column(String(20), nullable=False)
    config: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), nullable=False)


Index("uq_notification_targets_name_lower", func.lower(NotificationTarget.name), unique=True)


class NotificationLink(Identified, Timestamped, Base):
    """Which events of a pipeline go to a target."""

    __tablename__ = "notification_links"
    __table_args__ = (UniqueConstraint("pipeline_id", "target_id"),)

    pipeline_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Pipeline.id, ondelete="CASCADE"), nullable=False
    )
    target_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(NotificationTarget.id, ondelete="CASCADE"), nullable=False
    )
    events: Mapped[list[str]] = mapped_column(JSONB, nullable=False)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), nullable=False)


class NotificationDelivery(Identified, Base):
    """One event for one target; the unique key is what makes sending at most once."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (UniqueConstraint("target_id", "event_key"),)

    target_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(NotificationTarget.id, ondelete="CASCADE"), nullable=False
    )
    event_key: Mapped[str] = mapped_column(String(300), nullable=False)
    event: Mapped[str] = mapped_column(String(30), nullable=False)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False)
    status: Mapped[str] = mapped_column(String(20), server_default="pending", nullable=False)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", nullable=False)
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), nullable=False
    )
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


Index(
    "ix_notification_deliveries_due",
    NotificationDelivery.next_attempt_at,
    postgresql_where=text("status = 'pending'"),
)
