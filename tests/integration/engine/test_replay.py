"""Dead letters that are tried again."""

from __future__ import annotations

from arus_dagster.dialects.postgresql.dead_letters import DeadLetterStore
from arus_dagster.engine.specs import Script
from tests.integration.engine.conftest import PIPELINE_ID, RAW_SCHEMA, Lane, Lanes
from tests.servers import Database


def _replay(lane: Lane) -> int:
    return DeadLetterStore(lane.warehouse.spec, RAW_SCHEMA).request_replay(PIPELINE_ID)


def test_a_letter_whose_script_was_mended_is_loaded(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v text, b bytea, f boolean)",
        "INSERT INTO t VALUES (1, 1, 'a', NULL, true), (2, 2, E'b\\t\\\\', '\\x00ff', false),"
        " (3, 3, 'c', NULL, NULL)",
    )
    broken = "def transform(row):\n    if row['id'] < 3:\n        1 / 0\n    return row\n"
    lane = lanes("t", watermark="wm", scripts=(broken,), load_mode=load_mode)
    lane.sync()
    assert lane.rows("id") == [(3,)]
    lane.scripts = (Script("mended", "def transform(row):\n    row['new'] = 1\n    return row\n"),)
    assert _replay(lane) == 2
    result = lane.sync()
    assert lane.rows('id, v, b::text, f, "new"') == [
        (1, "a", None, True, 1),
        (2, "b\t\\", "\\x00ff", False, 1),
        (3, "c", None, None, 1),
    ]
    assert lane.letters() == []
    assert result.row_count == 3
    assert (result.rows_extracted, result.rows_loaded) == (3, 3)
    assert all(check.passed for check in result.checks)


def test_a_letter_that_fails_again_stays_and_is_no_longer_marked(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, j json)",
        "INSERT INTO t VALUES (1, 1, '1'), (2, 0, '\"\\u0000\"')",
    )
    lane = lanes("t", watermark="wm")
    lane.sync()
    assert _replay(lane) == 1
    result = lane.sync()
    assert result.rows_failed == 1
    ((stage, _, row),) = lane.letters()
    assert (stage, row["id"]) == ("extract", "2")
    page, _ = DeadLetterStore(lane.warehouse.spec, RAW_SCHEMA).list(PIPELINE_ID)
    assert page[0].replay_requested_at is None
    assert lane.sync().rows_failed == 0


def test_a_letter_never_replaces_a_newer_row(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v text)",
        "INSERT INTO t VALUES (1, 1, 'bad'), (2, 2, 'ok')",
    )
    picky = "def transform(row):\n    assert row['v'] != 'bad'\n    return row\n"
    lane = lanes("t", watermark="wm", scripts=(picky,))
    lane.sync()
    source.execute("UPDATE t SET v = 'repaired', wm = 3 WHERE id = 1")
    lane.scripts = ()
    _replay(lane)
    result = lane.sync()
    assert lane.rows("id, v") == [(1, "repaired"), (2, "ok")]
    assert lane.letters() == []
    assert result.rows_dropped == 1


def test_without_a_key_only_rows_outside_the_window_are_put_back(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE t (wm int, v text)",
        "INSERT INTO t VALUES (1, 'bad'), (2, 'ok'), (3, 'bad')",
    )
    picky = "def transform(row):\n    assert row['v'] != 'bad'\n    return row\n"
    lane = lanes("t", watermark="wm", scripts=(picky,))
    lane.sync()
    lane.scripts = ()
    assert _replay(lane) == 2
    result = lane.sync()
    assert lane.rows("wm, v") == [(1, "bad"), (2, "ok"), (3, "bad")]
    assert result.row_count == 3
    assert lane.letters() == []


def test_a_whole_reload_settles_every_mark(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "INSERT INTO t VALUES (1, 'bad'), (2, 'ok')",
    )
    picky = "def transform(row):\n    assert row['v'] != 'bad'\n    return row\n"
    lane = lanes("t", scripts=(picky,))
    lane.sync()
    lane.scripts = ()
    _replay(lane)
    lane.sync()
    assert lane.rows("id") == [(1,), (2,)]
    assert lane.letters() == []


def test_a_row_refused_after_a_script_is_given_to_the_mended_one(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v int)",
        "INSERT INTO t VALUES (1, 1, 100), (2, 2, 100), (3, 3, 100)",
    )
    overflowing = (
        "def transform(row):\n"
        "    row['v'] = 10**12 if row['id'] == 1 else row['v'] * 2\n"
        "    return row if row['id'] != 2 else None\n"
    )
    lane = lanes("t", watermark="wm", scripts=(overflowing,), load_mode=load_mode)
    lane.sync()
    ((stage, _, row),) = lane.letters()
    assert (stage, row) == ("load", {"id": 1, "wm": 1, "v": 100})
    source.execute("DELETE FROM t WHERE id = 3")  # so that the target has to change for the letter
    mended = "def transform(row):\n    row['v'] += 1\n    row['x'] = 'y'\n    return row\n"
    lane.scripts = (Script("mended", mended),)
    _replay(lane)
    result = lane.sync()
    assert lane.rows("id, v, x") == [(1, 101, "y"), (3, 200, None)]
    assert lane.letters() == []
    assert (result.rows_extracted, result.rows_loaded) == (1, 1)
    if load_mode == "raw":
        assert result.rows_loaded_raw == 1
        raw = lane.warehouse.rows(
            f"SELECT _data FROM {RAW_SCHEMA}.shop_t_raw WHERE _arus_run_id = '{lane.run_ids[-1]}'"
        )
        assert raw == [({"id": 1, "wm": 1, "v": 100},)]


def test_letters_that_the_target_still_refuses_stay_and_fail_nothing(
    lanes: Lanes, source: Database
) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int, v text)")
    lane = lanes("t", watermark="wm")
    source.execute("INSERT INTO t VALUES (0, 0, 'first')")
    lane.sync()
    lane.warehouse.execute(f"ALTER TABLE {lane.target} ADD CHECK (v <> 'bad')")
    source.execute("INSERT INTO t SELECT g, g, 'bad' FROM generate_series(1, 30) g")
    assert lane.sync().rows_failed == 30
    lane.set_policy(dead_letter_limit=10)
    source.execute("UPDATE t SET v = 'good' WHERE id = 30", "INSERT INTO t VALUES (31, 31, 'new')")
    assert _replay(lane) == 30

    result = lane.sync()

    assert lane.rows("id, v") == [(0, "first"), (30, "good"), (31, "new")]
    assert (result.rows_failed, result.rows_dropped) == (30, 0)
    assert len(lane.letters()) == 30


def test_a_letter_of_a_key_that_is_spelled_otherwise_by_now_brings_no_row_back(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE EXTENSION IF NOT EXISTS citext",
        "CREATE TABLE t (id citext PRIMARY KEY, wm int, v text)",
        "INSERT INTO t VALUES ('Ada', 1, 'bad'), ('Ádá', 1, 'bad'), ('Bob', 2, 'ok')",
    )
    picky = "def transform(row):\n    assert row['v'] != 'bad'\n    return row\n"
    lane = lanes("t", watermark="wm", scripts=(picky,))
    lane.sync()
    source.execute("UPDATE t SET id = 'ADA', v = 'new', wm = 3 WHERE id = 'Ada'")
    lane.scripts = ()
    assert _replay(lane) == 2
    result = lane.sync()
    assert lane.rows("id, v", "wm, id") == [("Ádá", "bad"), ("Bob", "ok"), ("ADA", "new")]
    assert (result.rows_loaded, result.rows_dropped) == (3, 1)
    assert lane.letters() == []


def test_a_letter_of_a_deleted_row_takes_the_older_row_out(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, deleted_at timestamptz)",
        "INSERT INTO t VALUES (1, 1, NULL), (2, 2, NULL)",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at")
    lane.sync()
    picky = "def transform(row):\n    assert row['id'] != 1\n    return row\n"
    lane.scripts = (Script("picky", picky),)
    source.execute("UPDATE t SET deleted_at = now(), wm = 3 WHERE id = 1")
    assert lane.sync().rows_failed == 1
    source.execute("INSERT INTO t VALUES (4, 4, now()), (5, 5, NULL)")
    lane.sync()
    assert lane.sync().rows_failed == 0  # the row is before the window by now
    lane.scripts = ()
    _replay(lane)
    result = lane.sync()
    assert lane.rows("id") == [(2,), (5,)]
    assert result.row_count == 2
    assert lane.letters() == []
