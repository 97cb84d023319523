"""What the engine measured, as metadata of Dagster's materializations.

Owns the names under which counts, bounds and columns appear in Dagster's UI and plots.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from arus_dagster.defs.columns import raw_lineage, target_lineage, target_schema
from arus_dagster.engine.result import SyncResult

Metadata = dict[str, Any]


def raw_metadata(result: SyncResult, source: dg.AssetKey) -> Metadata:
    """Metadata of a raw table's materialization."""
    return {
        "rows_loaded": result.rows_loaded_raw,
        "dagster/column_lineage": raw_lineage(result.origins, source),
    }


def target_metadata(result: SyncResult, raw: dg.AssetKey | None, source: dg.AssetKey) -> Metadata:
    """Metadata of a target table's materialization."""
    metadata: Metadata = {
        "rows_extracted": result.rows_extracted,
        "rows_loaded": result.rows_loaded,
        "rows_deleted": result.rows_deleted,
        "rows_dropped": result.rows_dropped,
        "rows_failed": result.rows_failed,
        "rows_removed": result.rows_removed,
        "bytes": result.bytes,
        "duration_seconds": result.duration_ms / 1000,
        "full": result.full,
    }
    if result.row_count is not None:
        metadata["dagster/row_count"] = result.row_count
    for name in ("watermark_before", "watermark_after", "window_lower"):
        value = getattr(result, name)
        if value is not None:
            metadata[name] = value
    if result.warnings:
        metadata["warnings"] = dict(result.warnings)
    if result.drift:
        metadata["drift"] = dg.MarkdownMetadataValue(
            "\n".join(f"- {event.message}" for event in result.drift)
        )
    if result.columns:
        metadata["dagster/column_schema"] = target_schema(result.columns)
        metadata["dagster/column_lineage"] = target_lineage(result.origins, raw, source)
    return metadata
