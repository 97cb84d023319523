"""The fields of the larger answers that clients read; more may stand beside them."""

from __future__ import annotations

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


USER = frozenset({"id", "email", "name", "role"})

SOURCE = _names(
    "id name type host port database username ssl_mode sync_method table_include table_exclude"
    " schema_include status last_tested table_count enabled_table_count created_at"
    " updated_at"
)
DISCOVERED_TABLE = _names(
    "name schema kind row_count_estimate columns primary_key detected_sync watermark_column"
    " watermark_candidates enabled"
)
DISCOVERED_COLUMN = frozenset({"name", "type", "target_type", "nullable", "primary_key"})

DESTINATION = _names(
    "id name type host port database username raw_schema target_schema is_default status"
    " last_tested"
)

PIPELINE = _names(
    "id name source_id destination_id source destination status schedule schedule_label timezone"
    " target_schema load_mode depends_on max_retries timeout_seconds tables stats last_run"
    " next_run_at dagster_url"
)
PIPELINE_ENDPOINT = frozenset({"id", "name", "type"})
PIPELINE_STATS = _names(
    "total_rows_synced rows_synced_24h success_rate avg_duration_ms error_count_24h"
)
PIPELINE_TABLE = _names(
    "id name schema target_schema target_table sync_mode load_mode watermark_column"
    " watermark_value soft_delete_column row_filter lookback_seconds enabled last_synced_at"
    " row_count"
)

RUN = _names(
    "id pipeline_id pipeline_name status trigger_type started_at finished_at duration_ms"
    " rows_synced error_message attempt retried_from dagster_url"
)
RUN_TABLE = _names(
    "table_name rows_extracted rows_loaded_raw rows_loaded rows_dropped rows_failed"
    " watermark_before watermark_after duration_ms bytes error_message checks"
)
RUN_LOG = frozenset({"timestamp", "level", "message", "table"})
DAILY = frozenset({"date", "total", "success", "failed", "cancelled", "rows_synced"})

DAG_PIPELINE = _names(
    "id name source_name status last_run_status depends_on has_raw_mode table_count assets edges"
)
DAG_ASSET = _names(
    "id name layer schema table sync_mode status rows duration_ms error last_materialized_at"
    " dagster_url"
)

SCRIPT = frozenset({"id", "name", "description", "content", "table"})
TARGET = frozenset({"id", "name", "type", "config", "active"})
LINK = frozenset({"id", "pipeline_id", "target_id", "events"})
DEAD_LETTER = frozenset({"pipeline_id", "table_name", "run_id", "row", "stage", "error"})


def assert_fields(expected: frozenset[str], answer: Mapping[str, object]) -> None:
    """The answer has at least these fields."""
    assert expected <= answer.keys(), f"lacks {sorted(expected - answer.keys())}"
