"""Raw mode: each source row as JSONB, bounded, and the target made from it."""

from __future__ import annotations

from typing import Any

from tests.integration.engine.conftest import RAW_SCHEMA, Lane, Lanes
from tests.servers import Database


def _raw(lane: Lane, columns: str = "_data") -> list[tuple[Any, ...]]:
    return lane.warehouse.rows(f"SELECT {columns} FROM {RAW_SCHEMA}.shop_t_raw ORDER BY _arus_id")


def test_rows_stand_as_json_with_their_run(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz, n numeric, b bytea, j json, jb jsonb,"
        " f float8)",
        "INSERT INTO t VALUES (1, '2024-01-01 00:00+00', 1.50, '\\x00ff', '{\"b\":1, \"a\":2}',"
        " '{\"x\": null}', '-0'), (2, NULL, 'NaN', NULL, NULL, 'null', 1.5)",
        "INSERT INTO t VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    lane = lanes("t", watermark="wm", load_mode="raw")
    result = lane.sync()
    assert result.rows_loaded_raw == 3
    rows = [data for (data,) in _raw(lane)]
    assert rows[0] == {
        "id": 1,
        "wm": "2024-01-01 00:00:00+00",
        "n": 1.5,
        "b": "\\x00ff",
        "j": '{"b":1, "a":2}',
        "jb": {"x": None},
        "f": "-0",
    }
    assert rows[1]["n"] == "NaN"
    assert rows[1]["jb"] is None  # the JSON null; a column that is NULL has no key
    assert "jb" not in rows[2]
    ((run_id, known),) = set(_raw(lane, "_arus_run_id::text, _arus_extracted_at <= now()"))
    assert (run_id, known) == (lane.run_ids[0], True)


def test_each_run_appends_what_it_read(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int)", "INSERT INTO t VALUES (1, 1), (2, 2)"
    )
    lane = lanes("t", watermark="wm", load_mode="raw")
    lane.sync()
    source.execute("INSERT INTO t VALUES (3, 3)")
    result = lane.sync()
    assert result.rows_loaded_raw == result.rows_loaded == 2
    assert [data["id"] for (data,) in _raw(lane)] == [1, 2, 2, 3]


def test_raw_rows_are_bounded_by_runs(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    lane = lanes("t", load_mode="raw")
    lane.set_policy(raw_retention_runs=2)
    for _ in range(4):
        lane.sync()
    runs = [run for (run,) in _raw(lane, "_arus_run_id::text")]
    assert runs == [lane.run_ids[2]] * 2 + [lane.run_ids[3]] * 2
    lane.set_policy(raw_retention_runs=0)
    lane.sync()
    assert len(_raw(lane)) == 6


def test_raw_rows_are_bounded_by_age_but_never_the_latest(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    lane = lanes("t", load_mode="raw")
    lane.set_policy(raw_retention_days=7)
    lane.sync()
    lane.warehouse.execute(
        f"UPDATE {RAW_SCHEMA}._arus_raw_runs SET loaded_at = now() - interval '8 days'"
    )
    lane.sync()
    assert [run for (run,) in _raw(lane, "_arus_run_id::text")] == [lane.run_ids[1]]
    lane.warehouse.execute(
        f"UPDATE {RAW_SCHEMA}._arus_raw_runs SET loaded_at = now() - interval '8 days'"
    )
    source.execute("TRUNCATE t")
    lane.sync()
    assert len(_raw(lane)) == 1


def test_a_raw_table_that_was_dropped_starts_anew(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    lane = lanes("t", load_mode="raw")
    lane.set_policy(raw_retention_runs=1)
    lane.sync()
    lane.sync()
    lane.warehouse.execute(f"DROP TABLE {RAW_SCHEMA}.shop_t_raw")
    lane.sync()
    lane.sync()
    assert [data["id"] for (data,) in _raw(lane)] == [1, 2]


def test_scripts_see_source_rows_and_raw_keeps_them(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    )
    script = (
        "def transform(row):\n"
        "    if row['id'] == 2:\n"
        "        return None\n"
        "    row['v'] = row['v'].upper()\n"
        "    row['size'] = row['id'] * 10\n"
        "    return row\n"
    )
    lane = lanes("t", load_mode="raw", scripts=(script,))
    result = lane.sync()
    assert [data for (data,) in _raw(lane)] == [
        {"id": 1, "v": "a"},
        {"id": 2, "v": "b"},
        {"id": 3, "v": "c"},
    ]
    assert lane.rows('id, v, "size"') == [(1, "A", 10), (3, "C", 30)]
    assert (result.rows_extracted, result.rows_loaded, result.rows_dropped) == (3, 2, 1)
    assert result.rows_loaded_raw == 3
