"""Warehouses that are written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, DateTime, Index, Integer, LargeBinary, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base, Identified, Timestamped


class Destination(Identified, Timestamped, Base):
    """A PostgreSQL warehouse; ``slug`` and ``secrets`` as in ``Source``."""

    __tablename__ = "destinations"

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
    raw_schema: Mapped[str] = mapped_column(String(63), server_default="staging", nullable=False)
    target_schema: Mapped[str] = mapped_column(
        String(63), server_default="analytics", nullable=False
    )
    # What the server says of itself, once it was asked: one warehouse may have several addresses.
    identity: Mapped[str | None] = mapped_column(Text)
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), nullable=False)
    status: Mapped[str] = mapped_column(String(20), server_default="registered", nullable=False)
    last_tested: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)


Index("uq_destinations_name_lower", func.lower(Destination.name), unique=True)
Index(
    "uq_destinations_one_default",
    Destination.is_default,
    unique=True,
    postgresql_where=text("is_default"),
)
