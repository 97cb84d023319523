"""MariaDB into the warehouse, start to end: the same values and rows on every way."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from arus_dagster.dialects.base import TableRef
from arus_dagster.errors import ArusError, ConnectionFailedError
from tests.integration.dialects.mysql.carrying import texts
from tests.integration.dialects.mysql.values import (
    create_table_of_every_type,
    expected_rows,
    expected_types,
)
from tests.integration.engine.conftest import IDENTITY, Lane, Lanes
from tests.servers import Database, MariaDBServer, session_directory


@pytest.fixture
def mysql(mariadb_db: Database) -> Database:
    return mariadb_db


class MySQLLanes(Lanes):
    """Lanes whose source tables are in a MariaDB database."""

    def __call__(self, name: str, **table: Any) -> Lane:  # type: ignore[override]
        return super().__call__(name, schema=self.source.name, **table)


@pytest.fixture
def lanes(mysql: Database, warehouse_db: Database) -> MySQLLanes:
    return MySQLLanes(mysql, warehouse_db)


@pytest.mark.parametrize(
    "way",
    [
        {},
        {"load_mode": "raw"},
        {"watermark": "wm"},
        {"watermark": "wm", "load_mode": "raw"},
        {"scripts": [IDENTITY]},
        {"watermark": "wm", "load_mode": "raw", "scripts": [IDENTITY]},
    ],
    ids=["full", "full, raw", "incremental", "incremental, raw", "full, script", "all at once"],
)
def test_every_type_keeps_its_values_on_every_way(
    way: dict[str, Any], lanes: MySQLLanes, mysql: Database
) -> None:
    """Cases 6 to 10: unsigned, tinyint(1), bit, set, year, enum, character sets, decimals."""
    create_table_of_every_type(mysql)
    lane = lanes("t", **way)
    for _ in range(2):
        result = lane.sync()
        assert lane.letters() == []
        assert lane.target_types() == expected_types()
        columns = ", ".join(f'"{name}"::text' for name in expected_types())
        connection = lane.warehouse.connect(options="-c timezone=UTC")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {lane.target} ORDER BY {lane.target}.id")
            found = cursor.fetchall()
        connection.close()
        for row, expected in zip(found, expected_rows(), strict=True):
            named, wanted = (
                {c: v for c, v in zip(expected_types(), r, strict=True) if c != "wm"}
                for r in (row, expected)
            )
            assert named == wanted
        assert all(check.passed for check in result.checks)
        if "watermark" in way:
            mysql.execute("UPDATE t SET wm = wm + 100")  # so that all rows come again


def test_rows_with_the_same_watermark(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 1."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp(3) NOT NULL)",
        "INSERT INTO t VALUES (1, '2024-01-01 12:00:00.000')",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    mysql.execute("INSERT INTO t VALUES (2, '2024-01-01 12:00:00.000')")
    result = lane.sync()
    assert lane.rows("id") == [(1,), (2,)]
    assert result.watermark_after == "2024-01-01 15:30:00.000+00"


def test_a_table_without_key(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 2: the window is replaced, also the rows whose watermark is no date."""
    mysql.execute(
        "CREATE TABLE t (v varchar(9), wm datetime(6))",
        "INSERT INTO t VALUES ('twin', '2024-01-01 12:00:00.000001'), ('old', '2023-01-01')",
        "INSERT INTO t VALUES ('zero', '0000-00-00'), ('part', '2023-00-01'), ('null', NULL)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    for _ in range(3):
        lane.sync()
        assert lane.rows("v") == [("null",), ("old",), ("part",), ("twin",), ("zero",)]
    mysql.execute("INSERT INTO t VALUES ('twin', '2024-01-01 12:00:00.000001')")
    result = lane.sync()
    assert lane.rows("v", "1") == [
        ("null",), ("old",), ("part",), ("twin",), ("twin",), ("zero",),
    ]  # fmt: skip
    assert result.rows_extracted == 5
    assert result.watermark_after == "2024-01-01 12:00:00.000001"


def test_a_text_watermark(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Its order is that of its bytes, so what sorts below by bytes is not read again."""
    mysql.execute("CREATE TABLE t (wm varchar(9) CHARACTER SET latin1 PRIMARY KEY, v int)")
    mysql.execute("INSERT INTO t VALUES ('Zebra', 1), ('apple', 1), ('ärger', 1)")
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    assert lane.sync().watermark_after == "ärger"
    mysql.execute("UPDATE t SET v = 2", "INSERT INTO t VALUES ('zoo', 2), ('über', 2), ('ä', 2)")
    assert lane.sync().watermark_after == "über"
    assert set(lane.rows("wm, v")) == {("Zebra", 1), ("apple", 1), ("ärger", 2), ("über", 2)}


def test_a_late_commit_is_caught_by_the_lookback(
    lanes: MySQLLanes, mysql: Database, load_mode: str
) -> None:
    """Case 3."""
    mysql.execute("CREATE TABLE t (id int PRIMARY KEY, wm datetime)")
    lane = lanes("t", watermark="wm", lookback_seconds=60, load_mode=load_mode)
    late = mysql.connect(autocommit=False)
    with late.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1, '2024-01-01 02:29:59')")
        mysql.execute("INSERT INTO t VALUES (2, '2024-01-01 02:30:00')")
        lane.sync()
        assert lane.rows("id") == [(2,)]
    late.commit()
    lane.sync()
    assert lane.rows("id") == [(1,), (2,)]


def test_rows_without_watermark(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 4."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp NULL)",
        "INSERT INTO t VALUES (1, NULL), (2, '2024-01-01')",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    mysql.execute("INSERT INTO t VALUES (3, NULL)")
    lane.sync()
    assert lane.rows("id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("watermark", [None, "id"])
def test_what_is_no_date(
    watermark: str | None, lanes: MySQLLanes, mysql: Database, load_mode: str
) -> None:
    """Case 5."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL)",
        "INSERT INTO t VALUES (1, '0000-00-00'), (2, '0000-12-19'), (3, '2025-00-15'),"
        " (4, '2025-01-15')",
    )
    lane = lanes("t", watermark=watermark, load_mode=load_mode)
    result = lane.sync()
    assert lane.rows("id, d::text") == [(1, None), (2, None), (3, None), (4, "2025-01-15")]
    assert result.warnings == {"zero_date": 3}
    assert all(check.passed for check in result.checks)
    assert lane.letters() == []


@pytest.mark.parametrize("scripts", [[], [IDENTITY]])
def test_a_zero_byte_in_text(
    scripts: list[str], lanes: MySQLLanes, mysql: Database, load_mode: str
) -> None:
    """Case 11."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(20), j json)",
        "INSERT INTO t SELECT seq, 'fine', '{}' FROM seq_1_to_98",
        "INSERT INTO t VALUES (99, 'a\\0b', '{}'), (100, 'x', '{\"k\": \"\\\\u0000\"}')",
    )
    lane = lanes("t", load_mode=load_mode, scripts=scripts)
    result = lane.sync()
    assert (result.rows_extracted, result.rows_loaded, result.rows_failed) == (100, 98, 2)
    assert lane.rows("count(*)") == [(98,)]
    letters = {letter["id"]: (stage, error) for stage, error, letter in lane.letters()}
    assert {key: stage for key, (stage, _) in letters.items()} == {
        "99": "extract",
        "100": "extract",
    }
    assert "zero byte" in letters["99"][1] and "column v" in letters["99"][1]
    assert "zero character" in letters["100"][1] and "column j" in letters["100"][1]


def test_a_generated_column(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 13."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, n int, price decimal(10,2), wm int,"
        " total decimal(12,2) GENERATED ALWAYS AS (n * price) STORED)",
        "INSERT INTO t (id, n, price, wm) VALUES (1, 2, 1.50, 1)",
    )
    lane = lanes("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    assert lane.rows("total::text") == [("3.00",)]
    mysql.execute("UPDATE t SET n = 3, wm = 2")
    lane.sync()
    assert lane.rows("total::text") == [("4.50",)]
    mysql.execute("UPDATE t SET price = 2")
    lane.sync(kind="full_refresh")
    assert lane.rows("total::text") == [("6.00",)]


def test_names(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 15. Column names that differ in case alone can't be in one MySQL table."""
    for name in ("Order Items", "order", "a.b", 'x"y', "naïve", "100%", "b`t"):
        quoted = "`" + name.replace("`", "``") + "`"
        mysql.execute(
            f"CREATE TABLE {quoted} (`Id` int PRIMARY KEY, {quoted} int, updatedAt datetime)",
            f"INSERT INTO {quoted} VALUES (1, 1, '2024-01-01')",
        )
        lane = lanes(name, watermark="updatedAt", load_mode=load_mode)
        lane.sync()
        mysql.execute(f"INSERT INTO {quoted} VALUES (2, 2, '2024-01-02')")
        lane.sync()
        lane.sync(kind="full_refresh")
        assert lane.target_types() == {
            "Id": "integer",
            name: "integer",
            "updatedAt": "timestamp without time zone",
        }
        column = '"' + name.replace('"', '""') + '"'
        assert lane.rows(f'"Id", {column}') == [(1, 1), (2, 2)]


def test_a_view_that_yields_a_key_twice(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 17."""
    mysql.execute(
        "CREATE TABLE base (id int, wm datetime, v varchar(9))",
        "INSERT INTO base VALUES (1, '2024-01-01 10:01', 'late'), (1, '2024-01-01 10:00', 'early')",
        "CREATE VIEW t AS SELECT * FROM base",
    )
    lane = lanes("t", watermark="wm", primary_key=("id",), load_mode=load_mode)
    result = lane.sync()
    assert lane.rows("v") == [("late",)]
    assert (result.rows_extracted, result.rows_loaded, result.rows_dropped) == (2, 1, 1)


def test_a_source_killed_in_the_middle_of_a_full_refresh(warehouse_db: Database) -> None:
    """Case 18: the old rows stay; then an emptied source gives an empty target."""
    with session_directory() as directory:
        server = MariaDBServer(directory)
        try:
            with server.database() as database:
                database.execute(
                    "CREATE TABLE base (id int PRIMARY KEY, v text)",
                    "INSERT INTO base SELECT seq, repeat('x', 1000) FROM seq_1_to_100",
                    "CREATE FUNCTION gate(n int) RETURNS int NOT DETERMINISTIC NO SQL BEGIN"
                    " IF n = 15000 THEN DO GET_LOCK('gate', 600); END IF; RETURN n; END",
                    "CREATE VIEW t AS SELECT gate(id) AS id, v FROM base",
                )
                lane = MySQLLanes(database, warehouse_db)("t")
                lane.sync()
                database.execute(
                    "INSERT INTO base SELECT seq, repeat('y', 1000) FROM seq_101_to_20000"
                )
                holder = database.connect()
                with holder.cursor() as cursor:
                    cursor.execute("SELECT GET_LOCK('gate', 0)")
                failures: list[BaseException] = []

                def work() -> None:
                    try:
                        lane.sync()
                    except ArusError as error:
                        failures.append(error)

                worker = threading.Thread(target=work)
                worker.start()
                deadline = time.monotonic() + 60
                waiting = (
                    "SELECT count(*) FROM information_schema.processlist WHERE state = 'User lock'"
                )
                # By then 15 MB of the 20 have been sent and loaded.
                while not database.value(waiting, admin=True):
                    assert time.monotonic() < deadline and worker.is_alive()
                    time.sleep(0.02)
                server.kill()
                worker.join(60)
                assert [type(failure) for failure in failures] == [ConnectionFailedError]
                assert lane.rows("count(*), max(id)") == [(100, 100)]
                server.restart()
                database.execute("DELETE FROM base")
                result = lane.sync()
                assert lane.rows("count(*)") == [(0,)]
                assert result.row_count == 0
        finally:
            server.remove()


def test_tinyint1_as_bool(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    """Case 7, when told otherwise."""
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v tinyint(1))",
        "INSERT INTO t VALUES (1, 0), (2, 1), (3, 2), (4, NULL)",
    )
    lane = lanes("t", watermark="id", load_mode=load_mode, tinyint1_as_bool=True)
    for _ in range(2):
        lane.sync()
        assert lane.rows("id, v") == [(1, False), (2, True), (3, True), (4, None)]


def test_soft_deletes(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm datetime, deleted_at datetime)",
        "INSERT INTO t VALUES (1, '2024-01-01', NULL), (2, '2024-01-01', NULL)",
        "INSERT INTO t VALUES (3, '2024-01-05', NULL)",
    )
    lane = lanes("t", watermark="wm", soft_delete_column="deleted_at", load_mode=load_mode)
    lane.sync()
    mysql.execute("UPDATE t SET deleted_at = '2024-01-06' WHERE id = 2")  # wm did not move
    lane.sync()
    assert lane.rows("id") == [(1,), (3,)]


def test_a_large_row_among_small_ones(lanes: MySQLLanes, mysql: Database, load_mode: str) -> None:
    mysql.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v longtext, b longblob)",
        "INSERT INTO t VALUES (1, 'a\\tb', 'x'), (2, repeat('é\\n', 1000000), NULL)",
        "INSERT INTO t VALUES (3, NULL, repeat('\\0', 1000000))",
    )
    lane = lanes("t", load_mode=load_mode)
    lane.sync()
    assert lane.rows("id, length(v), length(b)") == [(1, 3, 1), (2, 2_000_000, None),
                                                    (3, None, 1_000_000)]  # fmt: skip


def test_a_target_of_another_name(lanes: MySQLLanes, mysql: Database) -> None:
    mysql.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    lane = lanes("t", target=TableRef("public", "elsewhere"))
    lane.sync()
    assert texts(lane.warehouse, "1", "elsewhere")[0][0] == "1"
