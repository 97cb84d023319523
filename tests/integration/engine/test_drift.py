"""Columns of the source that change between syncs."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import TableRef
from arus_dagster.engine.drift import IncompatibleDriftError
from arus_dagster.engine.result import SyncResult
from arus_dagster.errors import ConfigurationError
from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database


def _lane(lanes: Lanes, source: Database, **table: object) -> Lane:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v varchar(5), n int)",
        "INSERT INTO t VALUES (1, 1, 'a', 10), (2, 2, 'b', 20)",
    )
    lane = lanes("t", watermark="wm", **table)
    lane.sync()
    return lane


def _kinds(result: SyncResult) -> list[tuple[str, str | None]]:
    return [(event.kind, event.column) for event in result.drift]


def test_a_new_column_is_added_and_filled_by_the_next_full_refresh(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute(
        "ALTER TABLE t ADD extra numeric(4,1) NOT NULL DEFAULT 7.5",
        "INSERT INTO t VALUES (3, 3, 'c', 30, 8)",
    )
    result = lane.sync()
    assert _kinds(result) == [("column_added", "extra")]
    assert lane.rows("id, extra::text") == [(1, None), (2, "7.5"), (3, "8.0")]
    assert lane.target_types()["extra"] == "numeric(4,1)"
    assert lane.sync().drift == ()
    lane.sync(kind="full_refresh")
    assert lane.rows("extra::text") == [("7.5",), ("7.5",), ("8.0",)]


def test_a_new_column_is_filled_at_once_when_asked(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    lane.set_policy(drift_backfill=True)
    source.execute("ALTER TABLE t ADD extra int DEFAULT 7")
    assert lane.sync().full
    assert lane.rows("extra") == [(7,), (7,)]


def test_without_permission_a_new_column_is_left_out_and_recorded(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source)
    lane.set_policy(auto_alter_schema=False)
    source.execute("ALTER TABLE t ADD extra int DEFAULT 7")
    result = lane.sync()
    assert _kinds(result) == [("column_added", "extra")]
    assert "extra" not in lane.target_types()
    assert lane.sync(kind="full_refresh").row_count == 2


def test_a_dropped_column_stays_with_its_history(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute(
        "ALTER TABLE t DROP n",
        "INSERT INTO t VALUES (3, 3, 'c')",
        "UPDATE t SET v = 'x' WHERE id = 2",
    )
    result = lane.sync()
    assert _kinds(result) == [("column_dropped", "n")]
    assert lane.rows("id, v, n") == [(1, "a", 10), (2, "x", 20), (3, "c", None)]


def test_a_renamed_column_is_one_dropped_and_one_added(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    source.execute("ALTER TABLE t RENAME n TO m", "UPDATE t SET wm = 3")
    assert sorted(_kinds(lane.sync())) == [("column_added", "m"), ("column_dropped", "n")]
    assert lane.rows("n, m") == [(10, 10), (20, 20)]


@pytest.mark.parametrize(
    ("column", "wider", "value"),
    [
        ("n", "bigint", "9000000000"),
        ("n", "numeric(12,2)", "9000000000.25"),
        ("v", "varchar(9)", "'123456789'"),
        ("v", "text", "repeat('long', 100)"),
        ("wm", "bigint", "9000000000"),
        ("id", "bigint", "9000000000"),
    ],
)
def test_a_widened_type_is_widened(
    lanes: Lanes, source: Database, load_mode: str, column: str, wider: str, value: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute(
        f"ALTER TABLE t ALTER {column} TYPE {wider}",
        "INSERT INTO t VALUES (3, 3, 'c', 30)",
        f"UPDATE t SET {column} = {value} WHERE id = 3",
    )
    result = lane.sync()
    assert _kinds(result) == [("type_widened", column)]
    assert not result.full
    assert lane.rows("id, wm, v, n") == source.rows("SELECT id, wm, v, n FROM t ORDER BY 1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER n TYPE smallint", "from integer to smallint"),
        ("ALTER v TYPE varchar(2)", r"from character varying\(5\) to character varying\(2\)"),
        ("ALTER n TYPE text", "from integer to text"),
        ("ALTER n TYPE timestamptz USING to_timestamp(n)", "from integer to timestamp"),
    ],
)
def test_a_narrowed_or_changed_type_fails_the_table(
    lanes: Lanes, source: Database, change: str, message: str
) -> None:
    lane = _lane(lanes, source)
    before = lane.rows()
    source.execute(f"ALTER TABLE t {change}")
    for _ in range(2):
        with pytest.raises(IncompatibleDriftError, match=message) as caught:
            lane.sync()
        assert [event.kind for event in caught.value.events] == ["type_changed"]
    assert lane.rows() == before


def test_a_full_refresh_accepts_a_narrowed_type(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    source.execute("ALTER TABLE t ALTER n TYPE smallint")
    lane.sync(kind="full_refresh")
    assert lane.target_types()["n"] == "integer"
    assert lane.sync().drift == ()


def test_a_changed_type_is_accepted_once_the_column_is_gone_from_the_target(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source)
    source.execute("ALTER TABLE t ALTER n TYPE text")
    with pytest.raises(IncompatibleDriftError, match="drop the target's column"):
        lane.sync(kind="full_refresh")
    lane.warehouse.execute(f"ALTER TABLE {lane.target} DROP n")
    lane.sync(kind="full_refresh")
    assert lane.rows("n") == [("10",), ("20",)]


def test_without_permission_a_widened_type_fails_the_table(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    lane.set_policy(auto_alter_schema=False)
    source.execute("ALTER TABLE t ALTER n TYPE bigint")
    with pytest.raises(IncompatibleDriftError, match="auto_alter_schema is off"):
        lane.sync()


def test_a_changed_key_reloads_under_the_new_key(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    source.execute(
        "ALTER TABLE t DROP CONSTRAINT t_pkey",
        "ALTER TABLE t ADD PRIMARY KEY (id, v)",
        "INSERT INTO t VALUES (1, 3, 'z', 30)",
    )
    result = lane.sync()
    assert _kinds(result) == [("key_changed", None)]
    assert result.full
    assert lane.rows("id, v", "1, 2") == [(1, "a"), (1, "z"), (2, "b")]
    source.execute("UPDATE t SET n = 31, wm = 4 WHERE v = 'z'")
    assert not lane.sync().full
    assert lane.rows("n", "id, v") == [(10,), (31,), (20,)]

    source.execute("ALTER TABLE t DROP CONSTRAINT t_pkey", "ALTER TABLE t ALTER v DROP NOT NULL")
    source.execute("INSERT INTO t VALUES (1, 5, NULL, 40), (1, 5, NULL, 40)")
    lane.sync()
    assert len(lane.rows()) == 5


def test_a_table_that_is_gone_fails_clearly(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    source.execute("DROP TABLE t")
    with pytest.raises(IncompatibleDriftError, match=r"public\.t is not in the source") as caught:
        lane.sync()
    assert [event.kind for event in caught.value.events] == ["table_missing"]
    assert len(lane.rows()) == 2


def test_a_target_that_was_dropped_is_made_again(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, load_mode=load_mode)
    lane.warehouse.execute(f"DROP TABLE {lane.target}", "DROP TABLE IF EXISTS staging.shop_t_raw")
    assert lane.sync().full
    assert lane.rows("id") == [(1,), (2,)]
    assert not lane.sync().full


def test_views_on_a_widened_column_are_as_they_were(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    warehouse = lane.warehouse
    warehouse.execute(
        'CREATE SCHEMA "my reports"',
        f'CREATE VIEW "my reports"."a\'b" WITH (security_barrier = true)'
        f" AS SELECT id, n FROM {lane.target} WHERE n > 5",
        'CREATE VIEW upon AS SELECT sum(n) AS total FROM "my reports"."a\'b"',
        f'CREATE VIEW crossed AS SELECT u.total, b.n FROM upon u, "my reports"."a\'b" b,'
        f" {lane.target} t WHERE t.n = b.n",
        f"CREATE VIEW aside AS SELECT v FROM {lane.target}",
        "COMMENT ON VIEW upon IS 'it''s a sum'",
        "COMMENT ON COLUMN upon.total IS 'all'",
        "GRANT SELECT ON upon TO PUBLIC",
        'GRANT SELECT (n) ON "my reports"."a\'b" TO test_admin WITH GRANT OPTION',
    )
    looks = (
        "SELECT c.relname::text, c.reloptions, c.relacl::text, a.attname::text, a.attacl::text,"
        " obj_description(c.oid), col_description(c.oid, a.attnum), pg_get_viewdef(c.oid)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind = 'v' AND c.relname IN ('a''b', 'upon', 'crossed', 'aside') ORDER BY 1, 4"
    )
    before = warehouse.rows(looks)
    source.execute("ALTER TABLE t ALTER n TYPE bigint", "UPDATE t SET n = 9000000000, wm = 3")
    lane.sync()
    assert warehouse.rows(looks) == before
    assert warehouse.value("SELECT total FROM upon") == 18000000000


def test_a_view_that_can_not_be_restored_fails_the_table_by_name(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source)
    lane.warehouse.execute(f"CREATE MATERIALIZED VIEW report AS SELECT n FROM {lane.target}")
    source.execute("ALTER TABLE t ALTER n TYPE bigint", "ALTER TABLE t ADD extra int")
    with pytest.raises(IncompatibleDriftError, match=r"public\.report"):
        lane.sync()
    assert "extra" not in lane.target_types()
    lane.warehouse.execute("DROP MATERIALIZED VIEW report")
    lane.sync()
    assert lane.target_types()["n"] == "bigint"


def test_a_table_that_arus_did_not_make_is_left_alone(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)")
    lane = lanes("t", target=TableRef("public", "mine"))
    lane.warehouse.execute("CREATE TABLE mine (id int)", "INSERT INTO mine VALUES (42)")
    with pytest.raises(ConfigurationError, match="not made by Arus"):
        lane.sync()
    assert lane.warehouse.rows("SELECT id FROM mine") == [(42,)]


def test_detection_can_be_switched_off(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    lane.set_policy(schema_drift_detection=False)
    source.execute("ALTER TABLE t ADD extra int DEFAULT 7", "UPDATE t SET wm = 3")
    assert lane.sync().drift == ()
    assert lane.rows("extra") == [(7,), (7,)]


def test_a_column_that_the_target_lost_is_filled_again(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v int)",
        "INSERT INTO t SELECT g, g, g * 10 FROM generate_series(1, 3) g",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    lane.warehouse.execute(f"ALTER TABLE {lane.target} DROP COLUMN v")
    assert lane.sync().full
    assert lane.rows("id, v") == [(1, 10), (2, 20), (3, 30)]
    assert not lane.sync().full


def test_a_watermark_column_that_was_renamed_is_drift(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int)", "INSERT INTO t VALUES (1, 1)")
    lane = lanes("t", watermark="wm")
    lane.sync()
    source.execute("ALTER TABLE t RENAME wm TO changed")
    with pytest.raises(IncompatibleDriftError, match="watermark column 'wm'") as caught:
        lane.sync()
    kinds = [(event.kind, event.column) for event in caught.value.events]
    assert kinds == [("column_added", "changed"), ("column_dropped", "wm")]
    assert lane.rows("id") == [(1,)]
