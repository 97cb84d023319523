"""What a warehouse says of itself; whether a pipeline starts paused"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "destinations", sa.Column("identity", sa.Text(), nullable=True), schema="arus_config"
    )
    op.add_column(
        "pipelines",
        sa.Column("starts_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="arus_config",
    )
