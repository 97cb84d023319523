# ruff: noqa: E501 - a case a line
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arus_dagster.dialects.base import Column, TableRef, TableShape
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.engine.specs import RunSpec, TableSpec
from arus_dagster.engine.window import Plan, plan
from arus_dagster.errors import ConfigurationError

SHAPE = TableShape(
    TableRef("public", "t"),
    "table",
    (
        Column("id", "integer", "integer", key_position=1),
        Column("wm", "timestamp", "timestamp without time zone"),
        Column("day", "date", "date"),
        Column("seq", "bigint", "bigint"),
        Column("label", "text", "text"),
        Column("deleted_at", "timestamptz", "timestamp with time zone"),
    ),
)
TABLE = TableSpec(
    id="1",
    source=TableRef("public", "t"),
    target=TableRef("analytics", "t"),
    sync_mode="incremental",
    watermark_column="wm",
)
STATE = TableState(
    "db:5432/shop", "wm", "2024-01-01 00:00:00", None, None, None, ("id",), (), (), 10
)


def _plan(
    state: TableState | None = STATE,
    key: tuple[str, ...] = ("id",),
    reload: str | None = None,
    transformed: bool = False,
    place: str = "db:5432/shop",
    run: dict[str, Any] | None = None,
    **table: Any,
) -> Plan:
    return plan(
        replace(TABLE, **table),
        RunSpec("r", **(run or {})),
        SHAPE,
        key,
        state,
        reload,
        place=place,
        transformed=transformed,
    )


def test_the_saved_watermark_is_the_lower_bound() -> None:
    made = _plan(lookback_seconds=60)
    assert made.window is not None
    assert (made.window.lower, made.window.upper) == ("2024-01-01 00:00:00", None)
    assert made.window.lookback_seconds == 60
    assert made.moves_watermark


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"run": {"kind": "full_refresh"}}, "full refresh requested"),
        ({"sync_mode": "full_refresh"}, "full refresh"),
        ({"watermark_column": None}, "no watermark column"),
        ({"state": None}, "first sync"),
        ({"state": replace(STATE, watermark=None)}, "no watermark yet"),
        ({"watermark_column": "seq"}, "watermark column was changed"),
        ({"place": "db:5433/shop"}, "the source was moved"),
        ({"row_filter": "id > 1"}, "row filter was changed"),
        ({"key": ("id", "wm")}, "primary key was changed"),
        ({"reload": "because"}, "because"),
        (
            {"key": (), "state": replace(STATE, primary_key=(), deleted_column="deleted_at"),
             "soft_delete_column": "deleted_at"},
            "soft-deleted",
        ),
        (
            {"key": (), "watermark_column": "label", "state": replace(STATE, primary_key=(), watermark_column="label")},
            "no primary key",
        ),
        (
            {"watermark_column": "seq", "state": replace(STATE, watermark_column="seq"),
             "run": {"kind": "backfill", "from_date": "2024-01-01"}},
            "watermark is bigint",
        ),
        ({"run": {"kind": "backfill"}}, "without a first date"),
        ({"soft_delete_column": "deleted_at"}, "deleted rows was changed"),
        ({"state": replace(STATE, deleted_column="deleted_at"), "soft_delete": "keep",
          "soft_delete_column": "deleted_at"}, "deleted rows was changed"),
        ({"key": (), "state": replace(STATE, primary_key=()), "transformed": True}, "scripts may change"),
    ],
)  # fmt: skip
def test_whatever_could_miss_a_row_reads_the_table_whole(
    arguments: dict[str, Any], reason: str
) -> None:
    made = _plan(**arguments)
    assert made.full
    assert reason in made.reason


@pytest.mark.parametrize(
    ("column", "given", "lower", "upper"),
    [
        ("wm", ("2024-01-02", None), "2024-01-02 00:00:00.000000", None),
        ("wm", ("2024-01-02", "2024-01-03"), "2024-01-02 00:00:00.000000", "2024-01-03 23:59:59.999999"),
        ("wm", ("2024-01-02T03:04:05Z", None), "2024-01-02 03:04:05.000000", None),
        ("wm", ("2024-01-02T03:04:05+02:00", None), "2024-01-02 01:04:05.000000", None),
        ("wm", ("2024-01-02", "2024-01-03T04:00"), "2024-01-02 00:00:00.000000", "2024-01-03 04:00:00.000000"),
        ("day", ("2024-01-02", "2024-01-03"), "2024-01-02", "2024-01-03"),
    ],
)  # fmt: skip
def test_a_backfill_reads_between_its_dates_and_leaves_the_watermark(
    column: str, given: tuple[str, str | None], lower: str, upper: str | None
) -> None:
    run = {"kind": "backfill", "from_date": given[0], "to_date": given[1]}
    made = _plan(run=run, watermark_column=column, state=replace(STATE, watermark_column=column))
    assert made.window is not None
    assert (made.window.lower, made.window.upper) == (lower, upper)
    assert made.window.lookback_seconds == 0
    assert not made.moves_watermark
    assert made.watermark_read(SHAPE) is None


def test_a_configured_column_must_be_there() -> None:
    with pytest.raises(ConfigurationError, match=r"'gone' is not in public\.t"):
        _plan(watermark_column="gone")
    with pytest.raises(ConfigurationError, match="soft-delete column"):
        _plan(soft_delete_column="gone")


def test_a_text_marks_no_deletion_since_any_value_would() -> None:
    with pytest.raises(ConfigurationError, match="a time, a boolean or a number"):
        _plan(soft_delete_column="label")
    assert _plan(soft_delete_column="label", soft_delete="keep").deleted_column is None


def test_scripts_leave_a_window_where_rows_have_keys() -> None:
    assert not _plan(transformed=True).full


def test_kept_soft_deletes_are_read_but_not_removed() -> None:
    made = _plan(soft_delete_column="deleted_at", soft_delete="keep")
    assert made.deleted_column is None
    assert made.window is not None
    assert made.window.deleted_column == "deleted_at"


def test_deleted_rows_are_left_out_at_the_source_only_on_request() -> None:
    made = _plan(state=None, soft_delete_column="deleted_at")
    assert made.read(SHAPE, exclude_deleted=True).exclude_deleted == "deleted_at"
    assert made.read(SHAPE, exclude_deleted=False).exclude_deleted is None
