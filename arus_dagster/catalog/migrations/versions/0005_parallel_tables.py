"""How many tables of a pipeline are synced at the same time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "pipelines",
        sa.Column("parallel_tables", sa.Integer(), server_default="1", nullable=False),
        schema="arus_config",
    )
