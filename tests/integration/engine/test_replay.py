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


def test_a_row_that_a_script_made_is_not_given_to_it_again(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v int)",
        "INSERT INTO t VALUES (1, 1, 100), (2, 2, 100)",
    )
    script = (
        "def transform(row):\n"
        "    row['v'] = row['v'] * 2 if row['id'] == 1 else 10**12\n"
        "    row['x'] = 'y'\n"
        "    return row\n"
    )
    lane = lanes("t", watermark="wm", scripts=(script,))
    lane.sync()
    ((stage, _, row),) = lane.letters()
    assert (stage, row["v"], row["x"]) == ("load", 10**12, "y")
    source.execute("ALTER TABLE t ALTER v TYPE bigint")
    _replay(lane)
    lane.sync()
    assert lane.rows("id, v, x") == [(1, 200, "y"), (2, 10**12, "y")]
