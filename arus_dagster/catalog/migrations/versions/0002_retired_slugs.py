"""Slugs of deleted pipelines"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_slugs",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_retired_slugs")),
        schema="arus_config",
    )
