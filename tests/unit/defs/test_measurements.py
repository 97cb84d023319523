"""What a materialization shows of a sync."""

from __future__ import annotations

import dagster as dg

from arus_dagster.defs.measurements import raw_metadata, target_metadata
from arus_dagster.dialects.base import Column
from arus_dagster.engine.result import DriftEvent, SyncResult

SOURCE = dg.AssetKey(["source", "shop", "public", "t"])
RAW = dg.AssetKey(["raw", "wh", "staging", "t"])
RESULT = SyncResult(
    rows_extracted=5,
    rows_loaded_raw=5,
    rows_loaded=4,
    rows_failed=1,
    row_count=40,
    bytes=123,
    duration_ms=1500,
    watermark_before="1",
    watermark_after="5",
    warnings={"zero_date": 2},
    drift=(DriftEvent("column_added", "c", None, "text", "column c was added"),),
    columns=(
        Column("id", "int", "integer", nullable=False, key_position=1),
        Column("c", "text", "text"),
    ),
    origins={"id": ("Id",), "c": ("c",)},
)


def test_counts_bounds_and_durations_are_shown() -> None:
    metadata = target_metadata(RESULT, None, SOURCE)

    assert metadata["rows_extracted"] == 5
    assert metadata["rows_failed"] == 1
    assert metadata["dagster/row_count"] == 40
    assert metadata["duration_seconds"] == 1.5
    assert (metadata["watermark_before"], metadata["watermark_after"]) == ("1", "5")
    assert metadata["warnings"] == {"zero_date": 2}
    assert "column c was added" in metadata["drift"].value


def test_an_unknown_row_count_is_left_out_and_not_shown_as_zero() -> None:
    metadata = target_metadata(SyncResult(rows_loaded=1), None, SOURCE)

    assert "dagster/row_count" not in metadata
    assert "watermark_after" not in metadata


def test_columns_come_from_the_layer_before() -> None:
    direct = target_metadata(RESULT, None, SOURCE)["dagster/column_lineage"].deps_by_column
    through_raw = target_metadata(RESULT, RAW, SOURCE)["dagster/column_lineage"].deps_by_column
    raw = raw_metadata(RESULT, SOURCE)["dagster/column_lineage"].deps_by_column

    assert direct["id"] == [dg.TableColumnDep(asset_key=SOURCE, column_name="Id")]
    assert through_raw["id"] == [dg.TableColumnDep(asset_key=RAW, column_name="_data")]
    assert {dep.column_name for dep in raw["_data"]} == {"Id", "c"}


def test_the_column_schema_is_the_targets() -> None:
    schema = target_metadata(RESULT, None, SOURCE)["dagster/column_schema"]

    shown = [(c.name, c.type, c.constraints.nullable, c.constraints.other) for c in schema.columns]
    assert shown[:2] == [("id", "integer", False, ["primary key"]), ("c", "text", True, [])]
    assert [name for name, *_ in shown[2:]] == ["_arus_run_id", "_arus_synced_at"]
