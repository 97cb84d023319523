"""Backfill: rows from a date on are read again, and the watermark stays."""

from __future__ import annotations

import pytest

from arus_dagster.errors import ConfigurationError
from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database


def _damaged_lane(lanes: Lanes, source: Database, wm: str, key: bool = True) -> Lane:
    """A synced table whose copy was changed by hand in the warehouse."""
    source.execute(
        f"CREATE TABLE t (id int {'PRIMARY KEY' if key else ''}, wm {wm}, v text)",
        f"INSERT INTO t SELECT g, ('2024-01-0' || g)::{wm}, 'right' FROM generate_series(1, 9) g",
        "INSERT INTO t VALUES (10, NULL, 'right')",
    )
    lane = lanes("t", watermark="wm")
    lane.sync()
    lane.warehouse.execute(f"UPDATE {lane.target} SET v = 'wrong'")
    return lane


@pytest.mark.parametrize("key", [True, False])
@pytest.mark.parametrize("wm", ["timestamp", "date", "timestamptz"])
def test_rows_from_a_date_on_are_read_again(
    lanes: Lanes, source: Database, wm: str, key: bool
) -> None:
    lane = _damaged_lane(lanes, source, wm, key)
    before = lane.state()
    result = lane.sync(kind="backfill", from_date="2024-01-05")
    wrong = [n for n, v in lane.rows("id, v") if v == "wrong"]
    assert wrong == [1, 2, 3, 4]
    assert lane.state() == before
    assert result.watermark_after == result.watermark_before
    assert result.row_count == 10


def test_both_ends_bound_a_backfill_and_a_last_day_is_whole(lanes: Lanes, source: Database) -> None:
    lane = _damaged_lane(lanes, source, "timestamp")
    source.execute("UPDATE t SET wm = '2024-01-06 23:59:59.999999' WHERE id = 6")
    lane.sync(kind="backfill", from_date="2024-01-03", to_date="2024-01-06")
    assert [n for n, v in lane.rows("id, v") if v == "right"] == [3, 4, 5, 6, 10]


def test_a_moment_with_a_zone_is_taken_in_utc(lanes: Lanes, source: Database) -> None:
    lane = _damaged_lane(lanes, source, "timestamp")
    lane.sync(kind="backfill", from_date="2024-01-08T00:00:01-00:30")
    assert [n for n, v in lane.rows("id, v") if v == "right"] == [9, 10]


def test_a_table_without_a_date_is_reloaded_whole(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int)", "INSERT INTO t VALUES (1, 1)")
    lane = lanes("t", watermark="wm")
    lane.sync()
    assert lane.sync(kind="backfill", from_date="2024-01-01").full
    whole = lanes("t", target=lane.table.target)
    assert whole.sync(kind="backfill", from_date="2024-01-01").full


def test_a_backfill_before_the_first_sync_skips_nothing(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp)",
        "INSERT INTO t VALUES (1, '2020-01-01'), (2, '2024-01-01')",
    )
    lane = lanes("t", watermark="wm")
    lane.sync(kind="backfill", from_date="2023-01-01")
    lane.sync()
    assert lane.rows("id") == [(1,), (2,)]


def test_what_is_no_date_is_refused(lanes: Lanes, source: Database) -> None:
    lane = _damaged_lane(lanes, source, "timestamp")
    with pytest.raises(ConfigurationError, match="from_date 'yesterday'"):
        lane.sync(kind="backfill", from_date="yesterday")
