"""Transform scripts of a pipeline, applied in order of creation."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, Identity, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base, Identified, Timestamped
from arus_dagster.catalog.pipeline import Pipeline


class TransformScript(Identified, Timestamped, Base):
    """``table`` limits the script to one source table's name; ``sequence`` keeps creation order."""

    __tablename__ = "transform_scripts"
    __table_args__ = (UniqueConstraint("pipeline_id", "name"),)

    pipeline_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey(Pipeline.id, ondelete="CASCADE"), nullable=False
    )
    sequence: Mapped[int] = mapped_column(Integer, Identity(), nullable=False)
    name: Mapped[str] = mapped_column(String(200), nullable=False)
    description: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text, nullable=False)
    table: Mapped[str | None] = mapped_column(String(255))
