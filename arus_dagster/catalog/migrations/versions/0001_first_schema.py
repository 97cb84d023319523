"""The first schema of the catalog"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "definitions_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_definitions_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definitions_version")),
        schema="arus_config",
    )
    op.create_table(
        "destinations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("database", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("ssl_mode", sa.String(length=20), server_default="prefer", nullable=False),
        sa.Column("ssl_ca", sa.Text(), nullable=True),
        sa.Column("ssl_cert", sa.Text(), nullable=True),
        sa.Column("raw_schema", sa.String(length=63), server_default="staging", nullable=False),
        sa.Column(
            "target_schema", sa.String(length=63), server_default="analytics", nullable=False
        ),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="registered", nullable=False),
        sa.Column("last_tested", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destinations")),
        sa.UniqueConstraint("slug", name=op.f("uq_destinations_slug")),
        schema="arus_config",
    )
    op.create_index(
        "uq_destinations_name_lower",
        "destinations",
        [sa.literal_column("lower(name)")],
        unique=True,
        schema="arus_config",
    )
    op.create_index(
        "uq_destinations_one_default",
        "destinations",
        ["is_default"],
        unique=True,
        schema="arus_config",
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", postgresql.JSON(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
        schema="arus_config",
    )
    op.create_table(
        "notification_targets",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_targets")),
        schema="arus_config",
    )
    op.create_index(
        "uq_notification_targets_name_lower",
        "notification_targets",
        [sa.literal_column("lower(name)")],
        unique=True,
        schema="arus_config",
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
        schema="arus_config",
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("database", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("ssl_mode", sa.String(length=20), server_default="prefer", nullable=False),
        sa.Column("ssl_ca", sa.Text(), nullable=True),
        sa.Column("ssl_cert", sa.Text(), nullable=True),
        sa.Column("sync_method", sa.String(length=20), server_default="auto", nullable=False),
        sa.Column(
            "table_include",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column(
            "table_exclude",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column(
            "schema_include",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("status", sa.String(length=20), server_default="registered", nullable=False),
        sa.Column("last_tested", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("slug", name=op.f("uq_sources_slug")),
        schema="arus_config",
    )
    op.create_index(
        "uq_sources_name_lower",
        "sources",
        [sa.literal_column("lower(name)")],
        unique=True,
        schema="arus_config",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=500), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        schema="arus_config",
    )
    op.create_index(
        "uq_users_email_lower",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
        schema="arus_config",
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("target_id", sa.UUID(), nullable=False),
        sa.Column("event_key", sa.String(length=300), nullable=False),
        sa.Column("event", sa.String(length=30), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["arus_config.notification_targets.id"],
            name=op.f("fk_notification_deliveries_target_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
        sa.UniqueConstraint(
            "target_id", "event_key", name=op.f("uq_notification_deliveries_target_id_event_key")
        ),
        schema="arus_config",
    )
    op.create_index(
        "ix_notification_deliveries_due",
        "notification_deliveries",
        ["next_attempt_at"],
        unique=False,
        schema="arus_config",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "pipelines",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("destination_id", sa.UUID(), nullable=False),
        sa.Column("schedule", sa.String(length=200), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("target_schema", sa.String(length=63), nullable=False),
        sa.Column("load_mode", sa.String(length=20), server_default="direct", nullable=False),
        sa.Column("depends_on", sa.UUID(), nullable=True),
        sa.Column("max_retries", sa.Integer(), nullable=True),
        sa.Column("initial_backoff", sa.Integer(), nullable=True),
        sa.Column("timeout_seconds", sa.Integer(), nullable=True),
        sa.Column("from_selection", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rows_synced_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["depends_on"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_pipelines_depends_on"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["arus_config.destinations.id"],
            name=op.f("fk_pipelines_destination_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["arus_config.sources.id"],
            name=op.f("fk_pipelines_source_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("slug", name=op.f("uq_pipelines_slug")),
        schema="arus_config",
    )
    op.create_index(
        op.f("ix_pipelines_depends_on"),
        "pipelines",
        ["depends_on"],
        unique=False,
        schema="arus_config",
    )
    op.create_index(
        op.f("ix_pipelines_destination_id"),
        "pipelines",
        ["destination_id"],
        unique=False,
        schema="arus_config",
    )
    op.create_index(
        op.f("ix_pipelines_source_id"),
        "pipelines",
        ["source_id"],
        unique=False,
        schema="arus_config",
    )
    op.create_index(
        "uq_pipelines_name_lower",
        "pipelines",
        [sa.literal_column("lower(name)")],
        unique=True,
        schema="arus_config",
    )
    op.create_index(
        "uq_pipelines_one_from_selection",
        "pipelines",
        ["source_id", "destination_id"],
        unique=True,
        schema="arus_config",
        postgresql_where=sa.text("from_selection"),
    )
    op.create_table(
        "source_tables",
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("schema", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("shape", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "discovered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["arus_config.sources.id"],
            name=op.f("fk_source_tables_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "schema", "name", name=op.f("pk_source_tables")),
        schema="arus_config",
    )
    op.create_table(
        "notification_links",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("pipeline_id", sa.UUID(), nullable=False),
        sa.Column("target_id", sa.UUID(), nullable=False),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_notification_links_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["arus_config.notification_targets.id"],
            name=op.f("fk_notification_links_target_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_links")),
        sa.UniqueConstraint(
            "pipeline_id", "target_id", name=op.f("uq_notification_links_pipeline_id_target_id")
        ),
        schema="arus_config",
    )
    op.create_table(
        "pipeline_tables",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("pipeline_id", sa.UUID(), nullable=False),
        sa.Column("destination_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("schema", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("target_schema", sa.String(length=63), nullable=False),
        sa.Column("target_table", sa.String(length=63), nullable=False),
        sa.Column("raw_schema", sa.String(length=63), nullable=False),
        sa.Column("raw_table", sa.String(length=63), nullable=False),
        sa.Column("sync_mode", sa.String(length=20), nullable=False),
        sa.Column("load_mode", sa.String(length=20), nullable=False),
        sa.Column(
            "primary_key",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("watermark_column", sa.String(length=255), nullable=True),
        sa.Column("lookback_seconds", sa.Integer(), nullable=True),
        sa.Column("soft_delete_column", sa.String(length=255), nullable=True),
        sa.Column("soft_delete", sa.String(length=20), server_default="remove", nullable=False),
        sa.Column("delete_detection", sa.String(length=20), server_default="none", nullable=False),
        sa.Column("row_filter", sa.Text(), nullable=True),
        sa.Column(
            "tinyint1_as_bool", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["arus_config.destinations.id"],
            name=op.f("fk_pipeline_tables_destination_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_pipeline_tables_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_tables")),
        sa.UniqueConstraint(
            "destination_id",
            "raw_schema",
            "raw_table",
            name=op.f("uq_pipeline_tables_destination_id_raw_schema_raw_table"),
        ),
        sa.UniqueConstraint(
            "destination_id",
            "target_schema",
            "target_table",
            name=op.f("uq_pipeline_tables_destination_id_target_schema_target_table"),
        ),
        sa.UniqueConstraint(
            "pipeline_id", "schema", "name", name=op.f("uq_pipeline_tables_pipeline_id_schema_name")
        ),
        schema="arus_config",
    )
    op.create_table(
        "table_drifts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("pipeline_id", sa.UUID(), nullable=False),
        sa.Column("table_id", sa.UUID(), nullable=False),
        sa.Column("table_name", sa.String(length=511), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("column", sa.String(length=255), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "detected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_table_drifts_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_drifts")),
        schema="arus_config",
    )
    op.create_index(
        "ix_table_drifts_pipeline_detected",
        "table_drifts",
        ["pipeline_id", "detected_at"],
        unique=False,
        schema="arus_config",
    )
    op.create_table(
        "table_results",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("table_id", sa.UUID(), nullable=False),
        sa.Column("pipeline_id", sa.UUID(), nullable=False),
        sa.Column("table_name", sa.String(length=511), nullable=False),
        sa.Column("rows_extracted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_loaded_raw", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_loaded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_deleted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_dropped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_failed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_removed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("watermark_before", sa.Text(), nullable=True),
        sa.Column("watermark_after", sa.Text(), nullable=True),
        sa.Column("full", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "warnings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "checks", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_table_results_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "table_id", name=op.f("pk_table_results")),
        schema="arus_config",
    )
    op.create_index(
        "ix_table_results_finished",
        "table_results",
        ["finished_at"],
        unique=False,
        schema="arus_config",
    )
    op.create_index(
        "ix_table_results_pipeline_finished",
        "table_results",
        ["pipeline_id", "finished_at"],
        unique=False,
        schema="arus_config",
    )
    op.create_index(
        "ix_table_results_table_finished",
        "table_results",
        ["table_id", "finished_at"],
        unique=False,
        schema="arus_config",
    )
    op.create_table(
        "transform_scripts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("pipeline_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("table", sa.String(length=255), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["arus_config.pipelines.id"],
            name=op.f("fk_transform_scripts_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transform_scripts")),
        sa.UniqueConstraint(
            "pipeline_id", "name", name=op.f("uq_transform_scripts_pipeline_id_name")
        ),
        schema="arus_config",
    )
