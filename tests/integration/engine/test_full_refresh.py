"""Full refresh: the target becomes the source, and nobody sees anything in between."""

from __future__ import annotations

import threading

import pytest

from arus_dagster.dialects.postgresql.source import PostgresSource
from arus_dagster.dialects.selection import Selection
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.specs import Script
from arus_dagster.engine.sync import sync_table
from arus_dagster.errors import ArusError
from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database


def test_target_equals_source_and_follows_it(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz)",
        "INSERT INTO t SELECT g, E'tab\\tnewline\\nback\\\\slash ' || g, now()"
        " FROM generate_series(1, 500) g",
        "INSERT INTO t VALUES (501, NULL, NULL), (502, '', '-infinity'), (503, '\\N', 'infinity')",
    )
    lane = lanes("t", load_mode=load_mode)

    result = lane.sync()

    assert lane.rows("id, name, at::text") == source.rows(
        "SELECT id, name, at::text FROM t ORDER BY 1"
    )
    assert (result.rows_extracted, result.rows_loaded, result.row_count) == (503, 503, 503)
    assert result.full
    assert all(check.passed for check in result.checks)
    assert {check.name for check in result.checks} == {"row_balance", "row_count", "not_null"}

    source.execute("DELETE FROM t WHERE id > 2", "UPDATE t SET name = 'new' WHERE id = 1")
    lane.sync()
    assert lane.rows("id, name") == source.rows("SELECT id, name FROM t ORDER BY 1")


def _lane(lanes: Lanes, source: Database, **table: object) -> Lane:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "COMMENT ON TABLE t IS 'what people bought'",
        "COMMENT ON COLUMN t.v IS 'it''s a value'",
        "INSERT INTO t SELECT g, 'old' FROM generate_series(1, 100) g",
    )
    lane = lanes("t", **table)
    lane.sync()
    return lane


def test_what_depends_on_the_target_survives(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    warehouse = lane.warehouse
    warehouse.execute(
        f"CREATE VIEW report AS SELECT count(*) AS n FROM {lane.target}",
        f"GRANT SELECT ON {lane.target} TO PUBLIC",
        f"CREATE INDEX by_value ON {lane.target} (v)",
        f"COMMENT ON TABLE {lane.target} IS 'ours'",
    )
    source.execute("UPDATE t SET v = 'new'", "DELETE FROM t WHERE id > 90")
    lane.sync()
    assert warehouse.value("SELECT n FROM report") == 90
    assert warehouse.value(f"SELECT has_table_privilege('public', '{lane.target}', 'SELECT')")
    assert warehouse.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'by_value'") == 1
    assert warehouse.value(f"SELECT obj_description('{lane.target}'::regclass)") == "ours"


def test_a_new_target_has_key_and_comments_of_the_source(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    described = lane.warehouse.rows(
        f"SELECT obj_description('{lane.target}'::regclass),"
        f" col_description('{lane.target}'::regclass, 2),"
        " (SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE conrelid = '{lane.target}'::regclass AND contype = 'p')"
    )
    assert described == [("what people bought", "it's a value", "PRIMARY KEY (id)")]


def test_a_reader_sees_the_old_rows_until_the_new_ones_are_whole(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute(
        "UPDATE t SET v = 'new'", "INSERT INTO t SELECT g, 'new' FROM generate_series(101, 3000) g"
    )
    seen: set[tuple[int, str]] = set()
    stop = threading.Event()

    def watch() -> None:
        connection = lane.warehouse.connect()
        with connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute(f"SELECT count(*), min(v) || max(v) FROM {lane.target}")
                seen.add(cursor.fetchone())

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for _ in range(3):
            lane.sync()
    finally:
        stop.set()
        reader.join()
    assert seen <= {(100, "oldold"), (3000, "newnew")}
    assert seen


def test_a_reader_is_not_blocked_while_the_load_is_open(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    source.execute("UPDATE t SET v = 'new'")
    reader = lane.warehouse.connect(options="-c lock_timeout=1ms")
    counted = []

    def look(level: str, text: str) -> None:
        with reader.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {lane.target} WHERE v = 'old'")
            counted.append(cursor.fetchone()[0])

    # A script's prints come while rows are on their way, the announcement before.
    lane.scripts = (Script("noisy", "def transform(row):\n    print(row['id'])\n    return row\n"),)
    sync_table(lane.request(), on_message=look, cancel=CancelToken())
    assert counted[:-1] and set(counted[:-1]) == {100}
    assert counted[-1] == 0


def test_an_emptied_source_empties_the_target(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute("DELETE FROM t")
    result = lane.sync()
    assert lane.rows() == []
    assert result.row_count == 0


def test_a_failed_read_leaves_the_old_rows(lanes: Lanes, source: Database, load_mode: str) -> None:
    source.execute(
        "CREATE TABLE base (id int, v text)",
        "INSERT INTO base SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g",
        "CREATE VIEW v AS SELECT id, 100 / (15000 - id) AS broken, v FROM base WHERE id < 15000",
    )
    lane = lanes("v", load_mode=load_mode)
    lane.sync()
    source.execute(
        "CREATE OR REPLACE VIEW v AS SELECT id, 100 / (15000 - id) AS broken, v FROM base"
    )
    with pytest.raises(ArusError, match="division by zero"):
        lane.sync()
    assert lane.warehouse.value(f"SELECT count(*) FROM {lane.target}") == 14999


def test_partitioned_parents_and_views_load(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE events (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        *(
            f"CREATE TABLE events_{m} PARTITION OF events"
            f" FOR VALUES FROM ('2024-0{m}-01') TO ('2024-0{m + 1}-01')"
            for m in (1, 2, 3)
        ),
        "INSERT INTO events SELECT g, date '2024-01-01' + g FROM generate_series(0, 89) g",
        "CREATE VIEW events_view AS SELECT * FROM events WHERE id < 10",
        "CREATE MATERIALIZED VIEW events_counted AS SELECT count(*) AS n FROM events",
    )
    source.execute("CREATE TABLE other (id int)")
    selection = Selection(include=["events*"])
    found = [s.table for s in PostgresSource(source.spec).discover() if selection.admits(s.table)]
    counts = {table.name: lanes(table.name).sync().row_count for table in found}
    assert counts == {"events": 90, "events_view": 10, "events_counted": 1}


def test_the_watermark_and_counts_are_in_the_messages(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    assert ("INFO", "reading all of public.t into analytics.t (full refresh)") in lane.messages
    assert any(
        level == "INFO" and text.startswith("100 rows loaded in") for level, text in lane.messages
    )
