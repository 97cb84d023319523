"""Keys of every kind: one row in the source is one row in the target, however it is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database


@pytest.fixture
def mysql_lanes(mariadb_db: Database, warehouse_db: Database) -> Lanes:
    return Lanes(mariadb_db, warehouse_db)


def _lane(lanes: Lanes, **table: Any) -> Lane:
    return lanes("t", schema=lanes.source.name, watermark="wm", **table)


@pytest.mark.parametrize("detection", ["none", "keys"])
def test_a_key_that_changes_its_spelling_stays_one_row(
    mysql_lanes: Lanes, load_mode: str, detection: str
) -> None:
    mysql_lanes.source.execute(
        "CREATE TABLE t (shop int, code varchar(20) COLLATE utf8mb4_general_ci, wm int, v int,"
        " PRIMARY KEY (shop, code))",
        "INSERT INTO t VALUES (1, 'abc', 1, 1), (1, 'resume', 1, 1), (1, 'end', 1, 1),"
        " (1, 'ÄPFEL', 1, 1), (2, 'abc', 1, 1), (2, 'other', 1, 1)",
    )
    lane = _lane(mysql_lanes, load_mode=load_mode, delete_detection=detection)
    lane.sync()
    mysql_lanes.source.execute(
        "UPDATE t SET code = 'ABC', wm = 2, v = 2 WHERE shop = 1 AND code = 'abc'",
        "UPDATE t SET code = 'résumé', wm = 2, v = 2 WHERE code = 'resume'",
        "UPDATE t SET code = 'end ', wm = 2, v = 2 WHERE code = 'end'",
        "UPDATE t SET code = 'apfel', wm = 2, v = 2 WHERE code = 'äpfel'",
    )
    result = lane.sync()
    assert not result.full
    assert lane.rows("shop, code, v", "1, 2") == [
        (1, "ABC", 2),
        (1, "apfel", 2),
        (1, "end ", 2),
        (1, "résumé", 2),
        (2, "abc", 1),
        (2, "other", 1),
    ]
    assert (result.rows_removed, result.row_count) == (4, 6)
    assert lane.sync().rows_removed == 0


def test_spellings_that_the_source_tells_apart_stay_rows_of_their_own(
    mysql_lanes: Lanes, load_mode: str
) -> None:
    mysql_lanes.source.execute(
        "CREATE TABLE t (code varchar(20) COLLATE utf8mb4_bin PRIMARY KEY, wm int)",
        "INSERT INTO t VALUES ('abc', 1), ('Ä', 1)",
    )
    lane = _lane(mysql_lanes, load_mode=load_mode)
    lane.sync()
    mysql_lanes.source.execute("INSERT INTO t VALUES ('ABC', 2), ('A', 2)")
    assert lane.sync().rows_removed == 0
    assert lane.rows("code") == [("A",), ("ABC",), ("abc",), ("Ä",)]


def test_many_keys_that_change_their_spelling_at_once(mysql_lanes: Lanes) -> None:
    mysql_lanes.source.execute(
        "CREATE TABLE t (code varchar(20) CHARACTER SET latin1 PRIMARY KEY, wm int)",
        "INSERT INTO t SELECT concat('é', seq), 1 FROM seq_1_to_1200",
    )
    lane = _lane(mysql_lanes)
    lane.sync()
    mysql_lanes.source.execute("UPDATE t SET code = upper(code), wm = 2")
    result = lane.sync()
    assert (result.rows_removed, result.row_count) == (1200, 1200)
    assert lane.warehouse.value(f"SELECT count(*) FROM {lane.target} WHERE code LIKE 'É%'") == 1200


@pytest.mark.parametrize("declared", ["citext", "text COLLATE loose", "shouted"])
def test_postgresql_keys_that_ignore_case(
    lanes: Lanes, source: Database, load_mode: str, declared: str
) -> None:
    source.execute("CREATE EXTENSION IF NOT EXISTS citext", admin=True)
    source.execute(
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2',"
        " deterministic = false)",
        "CREATE DOMAIN shouted AS citext",
        f"CREATE TABLE t (code {declared} PRIMARY KEY, wm int)",
        "INSERT INTO t VALUES ('abc', 1), ('b', 1)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute("UPDATE t SET code = 'ABC', wm = 2 WHERE code = 'abc'")
    result = lane.sync()
    assert not result.full
    assert lane.rows("code") == [("ABC",), ("b",)]
    assert result.rows_removed == 1


@pytest.mark.parametrize("key", ["int unsigned", "bigint unsigned", "bigint", "decimal(65,30)"])
def test_numbers_at_the_edge_are_exact_as_keys_and_watermarks(mysql_lanes: Lanes, key: str) -> None:
    """Case 6."""
    greatest = {
        "int unsigned": "4294967295",
        "bigint unsigned": "18446744073709551615",
        "bigint": "9223372036854775807",
        "decimal(65,30)": f"{'9' * 35}.{'9' * 30}",
    }[key]
    types = {"int unsigned": "bigint", "bigint unsigned": "numeric(20,0)"}
    mysql_lanes.source.execute(
        f"CREATE TABLE t (wm {key} PRIMARY KEY, v int)",
        f"INSERT INTO t VALUES (0, 1), ({greatest}, 1)",
    )
    lane = _lane(mysql_lanes)
    assert lane.sync().watermark_after == greatest
    mysql_lanes.source.execute("UPDATE t SET v = 2")
    assert lane.sync().rows_extracted == 1
    assert [(str(wm), v) for wm, v in lane.rows("wm, v", "v")][1] == (greatest, 2)
    assert lane.rows("count(*)") == [(2,)]
    assert lane.target_types()["wm"] == types.get(key, lane.target_types()["wm"])
