"""Incremental syncs: every row once, whatever its watermark looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.sync import sync_table
from arus_dagster.errors import BalanceError
from tests.integration.engine.conftest import Lanes
from tests.servers import Database


def test_rows_with_the_same_watermark_are_neither_lost_nor_doubled(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp(3) NOT NULL)",
        "INSERT INTO t VALUES (1, '2024-01-01 12:00:00.000')",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute("INSERT INTO t VALUES (2, '2024-01-01 12:00:00.000')")
    result = lane.sync()

    assert lane.rows("id") == [(1,), (2,)]
    assert not result.full
    assert result.row_count == 2
    assert result.watermark_after == "2024-01-01 12:00:00"


def test_microseconds_are_kept_in_the_watermark(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz NOT NULL)",
        "INSERT INTO t VALUES (1, '2024-01-01 12:00:00.123456+02')",
    )
    lane = lanes("t", watermark="wm")
    assert lane.sync().watermark_after == "2024-01-01 10:00:00.123456+00"
    source.execute(
        "INSERT INTO t VALUES (2, '2024-01-01 12:00:00.123457+02')",
        "INSERT INTO t VALUES (3, '2024-01-01 12:00:00.123455+02')",
    )
    result = lane.sync()
    assert result.watermark_after == "2024-01-01 10:00:00.123457+00"
    assert result.rows_extracted == 2
    assert lane.rows("id") == [(1,), (2,)]


def test_changed_rows_replace_their_old_form(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        'CREATE TABLE t (region text, "no" int, v text, wm bigint, PRIMARY KEY ("no", region))',
        "INSERT INTO t SELECT 'eu', g, 'old', g FROM generate_series(1, 100) g",
        "INSERT INTO t SELECT 'us', g, 'old', g FROM generate_series(1, 100) g",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute(
        "UPDATE t SET v = 'new', wm = 200 WHERE region = 'eu' AND \"no\" <= 10",
        "INSERT INTO t VALUES ('as', 1, 'new', 201)",
    )
    result = lane.sync()
    assert result.rows_extracted == result.rows_loaded == 13  # and the two at the old maximum
    assert result.row_count == 201
    everything = 'SELECT region, "no", v, wm FROM t ORDER BY 1, 2'
    assert lane.rows('region, "no", v, wm', "1, 2") == source.rows(everything)


def test_rows_changed_during_a_read_come_with_the_next_sync(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v text)",
        "INSERT INTO t SELECT g, g, 'old' FROM generate_series(1, 100) g",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    changes = [
        "UPDATE t SET wm = 101, v = 'new' WHERE id = 1",
        "INSERT INTO t VALUES (101, 100, 'new')",
        "DELETE FROM t WHERE id = 2",
    ]

    def change(level: str, text: str) -> None:
        if text.startswith("reading") and changes:
            source.execute(*changes)
            changes.clear()

    sync_table(lane.request(), on_message=change, cancel=CancelToken())
    assert not changes
    assert lane.rows("count(*), min(v), max(v)") == [(100, "old", "old")]
    lane.sync()
    assert lane.rows("id, v")[1:-1] == [(n, "old") for n in range(2, 101)]
    assert lane.rows("id, v")[0::100] == [(1, "new"), (101, "new")]


def test_rows_without_a_watermark_belong_to_every_window(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz, v int)",
        "INSERT INTO t VALUES (1, NULL, 1), (2, '2024-01-01 00:00+00', 1), (3, '-infinity', 1)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute(
        "INSERT INTO t VALUES (4, NULL, 1), (5, 'infinity', 1)", "UPDATE t SET v = 2 WHERE id <> 2"
    )
    result = lane.sync()
    assert lane.rows("id, v") == [(1, 2), (2, 1), (3, 2), (4, 2), (5, 2)]
    assert result.watermark_after == "2024-01-01 00:00:00+00"
    source.execute("UPDATE t SET v = 3 WHERE id = 5")
    lane.sync()
    assert lane.rows("v", "id")[-1] == (3,)


def test_nan_and_infinity_never_become_the_watermark(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE f (id int PRIMARY KEY, wm double precision)",
        "INSERT INTO f VALUES (1, 'NaN'), (2, 1.5), (3, 'Infinity'), (4, '-Infinity')",
        "CREATE TABLE n (id int PRIMARY KEY, wm numeric)",
        "INSERT INTO n VALUES (1, 'NaN'), (2, 1.50), (3, 'Infinity'), (4, '-Infinity')",
        "CREATE TABLE d (id int PRIMARY KEY, wm date)",
        "INSERT INTO d VALUES (1, 'infinity'), (2, '2024-02-29')",
    )
    for name, expected in (("f", "1.5"), ("n", "1.50"), ("d", "2024-02-29")):
        lane = lanes(name, watermark="wm")
        assert lane.sync().watermark_after == expected
        assert lane.sync().watermark_after == expected
        assert lane.rows("id, wm::text") == source.rows(
            f"SELECT id, wm::text FROM {name} ORDER BY 1"
        )


def test_a_late_commit_is_caught_by_the_lookback(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm timestamptz)")
    slow = source.connect()
    slow.autocommit = False
    slow.cursor().execute("INSERT INTO t VALUES (1, '2024-01-01 02:29:59+00')")
    source.execute("INSERT INTO t VALUES (2, '2024-01-01 02:30:00+00')")
    lane = lanes("t", watermark="wm", lookback_seconds=60)
    lane.sync()
    slow.commit()
    result = lane.sync()
    assert lane.rows("id") == [(1,), (2,)]
    assert result.row_count == 2
    source.execute("DELETE FROM t WHERE id = 2")
    assert lane.sync().watermark_after == "2024-01-01 02:30:00+00"  # it never moves back


@pytest.mark.parametrize("wm", ["timestamptz", "date", "bigint", "text"])
def test_without_a_key_the_window_is_replaced(
    lanes: Lanes, source: Database, wm: str, load_mode: str
) -> None:
    values = ["20", "30"] if wm == "bigint" else ["2024-01-02", "2024-01-03"]
    source.execute(
        f"CREATE TABLE t (v text, wm {wm})",
        f"INSERT INTO t VALUES ('twin', '{values[0]}'), ('twin', '{values[0]}'), ('none', NULL)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    for _ in range(3):
        result = lane.sync()
        assert lane.rows("v") == [("none",), ("twin",), ("twin",)]
        assert result.row_count == 3
    source.execute(f"INSERT INTO t VALUES ('next', '{values[1]}')")
    result = lane.sync()
    assert lane.rows("v") == [("next",), ("none",), ("twin",), ("twin",)]
    assert result.row_count == 4
    assert result.full == (wm == "text")  # two servers may sort texts differently


def test_without_a_key_the_lookback_bounds_both_sides_alike(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (v int, wm timestamp)",
        "INSERT INTO t SELECT g, timestamp '2024-01-01' + g * interval '1 minute'"
        " FROM generate_series(1, 10) g",
    )
    lane = lanes("t", watermark="wm", lookback_seconds=150)
    lane.sync()
    result = lane.sync()
    assert result.rows_extracted == 3
    assert lane.rows("v") == [(n,) for n in range(1, 11)]


def test_of_two_rows_with_one_key_the_later_wins(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE base (id int, wm timestamp)",
        "CREATE VIEW v AS SELECT * FROM base",
        "INSERT INTO base VALUES (1, '2024-01-01 10:01'), (1, '2024-01-01 10:00'), (2, NULL),"
        " (2, '2024-01-01 10:00')",
    )
    lane = lanes("v", watermark="wm", primary_key=("id",), load_mode=load_mode)
    first = lane.sync()
    assert lane.rows("id, wm::text") == [(1, "2024-01-01 10:01:00"), (2, "2024-01-01 10:00:00")]
    assert (first.rows_extracted, first.rows_loaded, first.rows_dropped) == (4, 2, 2)
    source.execute(
        "INSERT INTO base VALUES (1, '2024-01-01 10:03'), (1, '2024-01-01 10:02')",
    )
    second = lane.sync()
    assert not second.full
    assert lane.rows("id, wm::text")[0] == (1, "2024-01-01 10:03:00")
    assert second.row_count == 2


def test_string_watermarks_follow_the_source_order(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm text)",
        "INSERT INTO t VALUES (1, 'a''\\x'), (2, '')",
    )
    lane = lanes("t", watermark="wm")
    assert lane.sync().watermark_after == "a'\\x"
    source.execute("INSERT INTO t VALUES (3, 'b'), (4, 'a''\\x')")
    result = lane.sync()
    assert result.watermark_after == "b"
    assert result.rows_extracted == 3
    assert lane.rows("id") == [(1,), (2,), (3,), (4,)]


def test_soft_deleted_rows_leave_the_target(lanes: Lanes, source: Database, load_mode: str) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz, deleted_at timestamptz)",
        "INSERT INTO t VALUES (1, '2024-01-01', NULL), (2, '2024-01-02', NULL),"
        " (3, '2024-01-03', NULL), (4, '2024-01-01', '2024-01-02')",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at", load_mode=load_mode)
    first = lane.sync()
    assert lane.rows("id") == [(1,), (2,), (3,)]
    assert first.rows_extracted == 3
    # One is deleted without moving its watermark, another is deleted and was never seen.
    source.execute(
        "UPDATE t SET deleted_at = '2024-02-01' WHERE id = 1",
        "INSERT INTO t VALUES (5, '2024-02-01', '2024-02-01'), (6, '2024-02-01', NULL)",
    )
    second = lane.sync()
    assert lane.rows("id") == [(2,), (3,), (6,)]
    assert second.row_count == 3
    assert (second.rows_loaded, second.rows_deleted) == (2, 3)  # id 4 stands at the saved bound
    source.execute("UPDATE t SET deleted_at = NULL, wm = '2024-03-01' WHERE id = 1")
    third = lane.sync()
    assert lane.rows("id") == [(1,), (2,), (3,), (6,)]
    assert third.row_count == 4


def test_soft_deleted_rows_can_be_kept(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz, deleted_at timestamptz)",
        "INSERT INTO t VALUES (1, '2024-01-01', NULL), (2, '2024-01-02', '2024-01-05')",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at", soft_delete="keep")
    lane.sync()
    source.execute("UPDATE t SET deleted_at = '2024-02-01' WHERE id = 1")
    lane.sync()
    assert lane.rows("id, deleted_at IS NULL") == [(1, False), (2, False)]


@pytest.mark.parametrize(
    ("declared", "gone", "here"), [("boolean", "true", "false"), ("smallint", "1", "0")]
)
def test_a_flag_marks_soft_deletes_too(
    lanes: Lanes, source: Database, declared: str, gone: str, here: str
) -> None:
    source.execute(
        f"CREATE TABLE t (id int PRIMARY KEY, wm int, is_deleted {declared})",
        f"INSERT INTO t VALUES (1, 1, {here}), (2, 1, {gone}), (3, 1, NULL)",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="is_deleted")
    lane.sync()
    assert lane.rows("id") == [(1,), (3,)]
    source.execute(f"UPDATE t SET is_deleted = {gone}, wm = 2 WHERE id = 1")
    lane.sync()
    assert lane.rows("id") == [(3,)]


def test_what_becomes_of_deleted_rows_can_be_changed(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp, deleted_at timestamp)",
        "INSERT INTO t VALUES (1, '2024-01-01', NULL), (2, '2024-01-02', '2024-01-02'),"
        " (3, '2024-01-03', '2024-01-03')",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at", soft_delete="keep")
    lane.sync()
    lane.set(soft_delete="remove")
    lane.sync()
    assert lane.rows("id") == [(1,)]
    lane.set(soft_delete="keep")
    lane.sync()
    assert lane.rows("id") == [(1,), (2,), (3,)]
    assert not lane.sync().full


def test_soft_deletes_without_a_key_reload_the_table(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (v int, wm int, deleted_at timestamptz)",
        "INSERT INTO t VALUES (1, 1), (2, 2)",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at")
    lane.sync()
    source.execute("UPDATE t SET deleted_at = now() WHERE v = 1")
    assert lane.sync().full
    assert lane.rows("v") == [(2,)]


def test_hard_deletes_vanish_at_the_next_full_refresh(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"
    )
    lane = lanes("t", watermark="wm")
    lane.sync()
    source.execute("DELETE FROM t WHERE id = 2")
    lane.sync()
    assert lane.rows("id") == [(1,), (2,), (3,)]
    result = lane.sync(kind="full_refresh")
    assert lane.rows("id") == [(1,), (3,)]
    assert result.full
    assert result.watermark_after == "3"


def test_hard_deletes_are_found_by_their_keys(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (a text, b int, wm int, PRIMARY KEY (b, a))",
        "INSERT INTO t SELECT 'k', g, g FROM generate_series(1, 1000) g",
    )
    lane = lanes("t", watermark="wm", delete_detection="keys", load_mode=load_mode)
    lane.sync()
    source.execute("DELETE FROM t WHERE b % 2 = 0", "INSERT INTO t VALUES ('n', 2, 1001)")
    result = lane.sync()
    assert result.rows_removed == 500
    assert result.row_count == 501
    assert lane.rows("a, b", "2, 1") == source.rows("SELECT a, b FROM t ORDER BY b, a")


def test_a_row_filter_limits_every_read(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, kind text)",
        "INSERT INTO t SELECT g, g, CASE g % 2 WHEN 0 THEN 'even' ELSE 'o''dd' END"
        " FROM generate_series(1, 10) g",
    )
    lane = lanes("t", watermark="wm", row_filter="kind = 'even' -- only these")
    first = lane.sync()
    assert first.row_count == 5
    assert first.watermark_after == "10"
    source.execute("INSERT INTO t VALUES (11, 11, 'o''dd'), (12, 12, 'even')")
    assert lane.sync().rows_extracted == 2
    lane.set(row_filter=None)
    changed = lane.sync()
    assert changed.full  # rows left out so far lie below the watermark
    assert changed.row_count == 12


def test_a_changed_watermark_column_reloads_the_table(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int)", "INSERT INTO t VALUES (1, 5, 900)"
    )
    lane = lanes("t", watermark="a")
    lane.sync()
    lane.set(watermark_column="b")
    result = lane.sync()
    assert result.full
    assert result.watermark_after == "900"


def test_an_empty_source_has_no_watermark_until_rows_come(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int)")
    lane = lanes("t", watermark="wm")
    assert lane.sync().watermark_after is None
    assert lane.rows() == []
    source.execute("INSERT INTO t VALUES (1, 7)")
    assert lane.sync().watermark_after == "7"
    assert lane.sync().rows_extracted == 1
    source.execute("TRUNCATE t")
    assert lane.sync().watermark_after == "7"


def test_generated_columns_are_right_each_time(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, price int, n int,"
        " total int GENERATED ALWAYS AS (price * n) STORED)",
        "INSERT INTO t VALUES (1, 1, 10, 3)",
    )
    lane = lanes("t", watermark="wm")
    lane.sync()
    assert lane.rows("total") == [(30,)]
    source.execute("UPDATE t SET n = 4, wm = 2")
    lane.sync()
    assert lane.rows("total") == [(40,)]
    source.execute("UPDATE t SET n = 5")
    lane.sync(kind="full_refresh")
    assert lane.rows("total") == [(50,)]


def test_own_columns_tell_run_and_time(lanes: Lanes, source: Database, load_mode: str) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int)", "INSERT INTO t VALUES (1, 1), (2, 2)"
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute("INSERT INTO t VALUES (3, 3)", "UPDATE t SET wm = 3 WHERE id = 2")
    lane.sync()
    first, second = lane.run_ids
    assert lane.rows("id, _arus_run_id::text, _arus_synced_at <= now()") == [
        (1, first, True),
        (2, second, True),
        (3, second, True),
    ]


def test_a_source_that_was_moved_is_read_whole_and_another_login_is_no_move(
    lanes: Lanes, source: Database, warehouse: Database
) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, wm int)"
    source.execute(table, "INSERT INTO t VALUES (1, 100), (2, 200)")
    warehouse.execute(table, "INSERT INTO t VALUES (1, 10), (3, 30)")
    lane = lanes("t", watermark="wm")
    lane.sync()
    lane.source = replace(source.spec, ssl_mode="disable", read_timeout_seconds=77)
    assert not lane.sync().full

    lane.source = warehouse.spec

    result = lane.sync()
    assert result.full
    assert lane.rows("id, wm") == [(1, 10), (3, 30)]
    assert result.watermark_after == "30"
    assert not lane.sync().full


def test_a_row_is_written_again_where_it_differs_to_the_last_bit(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    """A type's own equality takes these for equal, or has none."""
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, n numeric, j json, f float8, c text, wm int)",
        "INSERT INTO t SELECT g, 1.0, '{\"a\":1}', 0, 'x', 1 FROM generate_series(1, 7) g",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute(
        "UPDATE t SET n = 1.00 WHERE id = 1",
        "UPDATE t SET j = '{\"a\": 1}' WHERE id = 2",
        "UPDATE t SET f = '-0' WHERE id = 3",
        "UPDATE t SET c = NULL WHERE id = 4",
        "UPDATE t SET wm = 2 WHERE id = 5",
        "INSERT INTO t VALUES (8, NULL, NULL, NULL, NULL, NULL)",
    )
    result = lane.sync()
    assert (result.rows_extracted, result.rows_loaded, result.row_count) == (8, 8, 8)
    columns = "id, n::text, j::text, f::text, c, wm"
    assert lane.rows(columns) == source.rows(f"SELECT {columns} FROM t ORDER BY 1")
    first, second = lane.run_ids
    assert dict(lane.rows("id, _arus_run_id::text")) == {
        number: first if number in (6, 7) else second for number in range(1, 9)
    }
    assert any("2 of them unchanged" in text for _, text in lane.messages)


@pytest.mark.parametrize("event", ["INSERT", "UPDATE"])
def test_a_row_that_a_trigger_drops_does_not_pass_for_unchanged(
    lanes: Lanes, source: Database, load_mode: str, event: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text, wm int NOT NULL)",
        "INSERT INTO t VALUES (1, 'old', 1)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    lane.warehouse.execute(
        "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        f"CREATE TRIGGER drop_row BEFORE {event} ON {lane.target}"
        " FOR EACH ROW EXECUTE FUNCTION drop_row()",
    )
    source.execute("UPDATE t SET v = 'new', wm = 2 WHERE id = 1", "INSERT INTO t VALUES (2, '', 2)")
    with pytest.raises(BalanceError):
        lane.sync()
    assert lane.rows("id, v") == [(1, "old")]


def test_keys_alone_are_merged(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    lane = lanes("t", watermark="id")
    lane.sync()
    source.execute("INSERT INTO t VALUES (3)")
    result = lane.sync()
    assert (result.rows_extracted, result.rows_loaded, result.row_count) == (2, 2, 3)
    assert lane.rows("id") == [(1,), (2,), (3,)]
