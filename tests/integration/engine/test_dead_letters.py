"""Single rows that can't be carried over: set aside, while the rest loads."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.postgresql.dead_letters import DeadLetterStore
from arus_dagster.errors import DeadLetterLimitError
from tests.integration.engine.conftest import PIPELINE_ID, RAW_SCHEMA, Lane, Lanes
from tests.servers import Database


def _lane_with_bad_json(lanes: Lanes, source: Database, **table: object) -> Lane:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, j json)",
        'INSERT INTO t SELECT g, g, \'{"a": "ok"}\' FROM generate_series(1, 99) g',
        'INSERT INTO t VALUES (100, 100, \'{"a": "\\u0000"}\')',
        # An escaped backslash before it makes this an ordinary text.
        'UPDATE t SET j = \'{"a": "\\\\u0000"}\' WHERE id = 7',
    )
    return lanes("t", **table)


def test_json_with_an_escaped_nul_is_set_aside(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane_with_bad_json(lanes, source, load_mode=load_mode)
    result = lane.sync()
    assert (result.rows_extracted, result.rows_loaded, result.rows_failed) == (100, 99, 1)
    assert all(check.passed for check in result.checks)
    ((stage, error, row),) = lane.letters()
    assert stage == "extract"
    assert "zero character" in error and "column j" in error
    assert row == {"id": "100", "wm": "100", "j": '{"a": "\\u0000"}'}
    assert lane.rows("j::text", "id")[6] == ('{"a": "\\\\u0000"}',)


def _lane_with_narrow_target(lanes: Lanes, source: Database, watermark: str | None) -> Lane:
    """A target whose owner has put a constraint on it that a few of the source's rows break."""
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int, v text)")
    lane = lanes("t", watermark=watermark)
    lane.sync()
    lane.warehouse.execute(
        f"ALTER TABLE {lane.target} ADD CONSTRAINT no_bad CHECK (v NOT LIKE 'bad%')"
    )
    source.execute(
        "INSERT INTO t SELECT g, g, CASE WHEN g IN (1, 500, 501, 1000) THEN E'bad\\trow' ELSE 'ok'"
        " END FROM generate_series(1, 1000) g"
    )
    return lane


def test_rows_the_warehouse_refuses_are_found_one_by_one(lanes: Lanes, source: Database) -> None:
    lane = _lane_with_narrow_target(lanes, source, None)
    result = lane.sync()
    assert (result.rows_loaded, result.rows_failed) == (996, 4)
    letters = lane.letters()
    assert sorted(row["id"] for _, _, row in letters) == [1, 500, 501, 1000]
    assert all(row["v"] == "bad\trow" for _, _, row in letters)
    assert all("no_bad" in error for _, error, _ in letters)


def test_a_key_that_is_null_or_repeated_is_set_aside(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE base (id int, v text)",
        "CREATE VIEW v AS SELECT * FROM base",
        "INSERT INTO base VALUES (1, 'a'), (NULL, 'b'), (2, 'c')",
    )
    lane = lanes("v", primary_key=("id",))
    result = lane.sync()
    assert (result.rows_loaded, result.rows_failed) == (2, 1)
    ((stage, error, row),) = lane.letters()
    assert (stage, row) == ("load", {"id": None, "v": "b"})
    assert "null value" in error


def test_the_same_row_failing_again_is_one_letter(lanes: Lanes, source: Database) -> None:
    lane = _lane_with_bad_json(lanes, source, watermark="wm")
    for _ in range(3):
        lane.sync()
    assert len(lane.letters()) == 1
    source.execute("INSERT INTO t SELECT 101, 101, j FROM t WHERE id = 100")
    lane.sync()
    assert len(lane.letters()) == 2


def test_rows_alike_are_as_many_letters(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (j json)",
        "INSERT INTO t VALUES ('\"\\u0000\"'), ('\"\\u0000\"'), ('1')",
    )
    lane = lanes("t")
    assert lane.sync().rows_failed == 2
    assert len(lane.letters()) == 2


def test_a_whole_reload_forgets_rows_that_were_repaired(lanes: Lanes, source: Database) -> None:
    lane = _lane_with_bad_json(lanes, source)
    lane.sync()
    source.execute("UPDATE t SET j = '1' WHERE id = 100")
    result = lane.sync()
    assert result.rows_failed == 0
    assert lane.letters() == []


def test_one_row_too_many_fails_the_table(lanes: Lanes, source: Database) -> None:
    lane = _lane_with_narrow_target(lanes, source, None)
    before = lane.rows()
    lane.set_policy(dead_letter_limit=3)
    with pytest.raises(DeadLetterLimitError, match="more than 3 rows"):
        lane.sync()
    assert lane.rows() == before
    assert lane.letters() == []
    lane.set_policy(dead_letter_limit=4)
    assert lane.sync().rows_failed == 4


def test_too_large_a_share_fails_the_table(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, j json)",
        "INSERT INTO t SELECT g, CASE WHEN g <= 110 THEN '\"\\u0000\"' ELSE '1' END::json"
        " FROM generate_series(1, 2000) g",
    )
    lane = lanes("t")
    with pytest.raises(DeadLetterLimitError, match="110 of 2000 rows"):
        lane.sync()
    lane.set_policy(dead_letter_share=0.06)
    assert lane.sync().rows_failed == 110


def test_a_full_load_of_which_nothing_is_left_fails(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (j json)", "INSERT INTO t VALUES ('1')")
    lane = lanes("t")
    lane.sync()
    source.execute("UPDATE t SET j = '\"\\u0000\"'")
    with pytest.raises(DeadLetterLimitError, match="every row"):
        lane.sync()
    assert lane.rows("j::text") == [("1",)]


def test_letters_are_listed_and_discarded(lanes: Lanes, source: Database) -> None:
    lane = _lane_with_narrow_target(lanes, source, None)
    store = DeadLetterStore(lane.warehouse.spec, RAW_SCHEMA)
    assert store.list(PIPELINE_ID) == ([], 0)
    lane.sync()

    page, total = store.list(PIPELINE_ID, limit=3, offset=1)
    assert total == 4
    assert len(page) == 3
    letter = page[0]
    assert letter.table_name == "public.t"
    assert letter.run_id == lane.run_ids[-1]
    assert letter.stage == "load"
    assert letter.row["v"] == "bad\trow"

    assert store.discard(PIPELINE_ID, ids=[letter.id]) == 1
    assert store.discard("another") == 0
    assert store.discard(PIPELINE_ID, table_id=lane.table.id) == 3
    assert store.list(PIPELINE_ID)[1] == 0


def test_a_warehouse_without_loads_has_no_letters(warehouse: Database) -> None:
    store = DeadLetterStore(warehouse.spec, 'never "made"')
    assert store.list(PIPELINE_ID) == ((), 0)
    assert store.discard(PIPELINE_ID) == 0
    assert store.request_replay(PIPELINE_ID) == 0
