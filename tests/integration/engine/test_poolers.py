"""A transaction pooler between Arus and a server: nothing may live in a session.

Between two transactions such a pooler may hand over another server's session. The strictest one
imaginable stands in for it here: whenever no transaction is open, everything that the session
holds is discarded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg2.extensions
import pytest

from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.dead_letters import DeadLetterStore
from arus_dagster.dialects.postgresql.source import PostgresSource
from tests.integration.engine.conftest import IDENTITY, PIPELINE_ID, RAW_SCHEMA, Lanes
from tests.servers import Database

# Other text forms than ours: a statement outside of our settings would change values.
ODD_SETTINGS = {
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-5",
    "default_transaction_isolation": "repeatable read",
}


@pytest.fixture
def pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Connection._statement

    @contextlib.contextmanager
    def pooled(self: Connection, *, limited: bool = True) -> Iterator[object]:
        with plain(self, limited=limited) as cursor:
            yield cursor
        idle = psycopg2.extensions.TRANSACTION_STATUS_IDLE
        if self._raw.info.transaction_status == idle:
            with self._raw.cursor() as cursor:
                cursor.execute("DISCARD ALL")

    monkeypatch.setattr(Connection, "_statement", pooled)


@pytest.fixture(params=["direct", "raw", "script"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.usefixtures("pooler")
def test_a_transaction_pooler_on_both_sides_changes_nothing(
    lanes: Lanes, source: Database, warehouse: Database, way: str
) -> None:
    for database in (source, warehouse):
        for name, value in ODD_SETTINGS.items():
            database.execute(f"ALTER DATABASE \"{database.name}\" SET {name} = '{value}'")
    source.execute(
        "CREATE TABLE t (id text PRIMARY KEY, wm timestamptz, d date, i interval, b bytea,"
        " f float8, j json, deleted_at timestamptz)",
        "INSERT INTO t SELECT g::text, timestamptz '2024-02-01 00:00Z' + g * interval '1 us',"
        " date '2024-02-01', interval '1 mon -2 days 03:04:05.6', '\\x00ff5c', 0.1::float8 / 3,"
        " CASE WHEN g = 7 THEN '\"\\u0000\"' ELSE '1' END::json FROM generate_series(1, 50) g",
    )
    lane = lanes(
        "t",
        watermark="wm",
        soft_delete_column="deleted_at",
        load_mode="raw" if way == "raw" else "direct",
        scripts=(IDENTITY,) if way == "script" else (),
    )
    first = lane.sync()
    assert (first.rows_loaded, first.rows_failed) == (49, 1)
    assert first.watermark_after == "2024-02-01 00:00:00.00005+00"
    source.execute(
        "UPDATE t SET deleted_at = now() WHERE id = '1'",
        "UPDATE t SET j = '2' WHERE id = '7'",
        "INSERT INTO t (id, wm, d) VALUES ('51', '2024-02-01 00:01Z', '12.03.2024')",
        "ALTER TABLE t ADD COLUMN late date DEFAULT '05.06.2024'",
    )
    DeadLetterStore(warehouse.spec, RAW_SCHEMA).request_replay(PIPELINE_ID)

    second = lane.sync()

    assert not second.full
    assert second.rows_deleted == 1
    assert second.row_count == 49
    query = "SELECT id, wm, d, i::text, b, f, late FROM {} ORDER BY id"
    rows = {row[0]: row for row in warehouse.rows(query.format(lane.target))}
    for row in source.rows(query.format("t").replace("ORDER", "WHERE id NOT IN ('1', '7') ORDER")):
        assert rows[row[0]][:6] == row[:6]
    assert rows["51"][6] is not None
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert warehouse.rows(
        held + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ) == [(0,)]
    (letter,), _ = DeadLetterStore(warehouse.spec, RAW_SCHEMA).list(PIPELINE_ID)
    assert letter.created_at.tzinfo is not None


@pytest.mark.usefixtures("pooler")
def test_discovery_and_filters_go_through_a_pooler(source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)")
    database = PostgresSource(source.spec)
    (shape,) = [s for s in database.discover() if s.table.name == "t"]
    database.check_filter(shape.table, "id > 1")
    assert "public" in database.schemas()
