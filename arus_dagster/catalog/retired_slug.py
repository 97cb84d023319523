"""Slugs of deleted pipelines, which none is given again."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base


class RetiredSlug(Base):
    """Dagster keeps a job's runs, and whether its schedule is stopped, by the job's name: a new
    pipeline of the same name would take them over, and never run if the old one was paused."""

    __tablename__ = "retired_slugs"

    slug: Mapped[str] = mapped_column(String(63), primary_key=True)
