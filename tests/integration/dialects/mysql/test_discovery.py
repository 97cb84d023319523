"""Discovery sees what a reader may see, spelled as the server spells it, in few queries."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import Read, TableRef, TableShape
from arus_dagster.dialects.detection import detect
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.dialects.registry import open_source
from tests.integration.dialects.mysql.carrying import carry, describe, texts
from tests.servers import Database

NAMES = [
    "Order Items", "order", "select", "a.b", 'x"y', "it's", "back`tick", "naïve", "表", "100%",
    "%s", "%(x)s", "semi;colon", "-- dash", "back\\slash", "{brace}", "t" * 64,
]  # fmt: skip


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def discovered(database: Database) -> dict[str, TableShape]:
    return {shape.table.name: shape for shape in open_source(database.spec).discover()}


def test_kinds(mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE plain (id int PRIMARY KEY)",
        "CREATE TABLE versioned (id int) WITH SYSTEM VERSIONING",
        "CREATE TABLE parted (id int) PARTITION BY HASH (id) PARTITIONS 3",
        "CREATE VIEW seen AS SELECT * FROM plain",
        "CREATE SEQUENCE counted",
        "CREATE TABLE old (id int) ENGINE MyISAM",
    )
    found = discovered(mariadb_db)
    assert {name: shape.kind for name, shape in found.items()} == {
        "plain": "table",
        "versioned": "table",
        "parted": "partitioned_table",
        "seen": "view",
        "old": "table",
    }
    assert {shape.table.schema for shape in found.values()} == {mariadb_db.name}
    assert found["seen"].row_count_estimate is None and found["seen"].comment is None
    assert found["plain"].row_count_estimate == 0
    assert open_source(mariadb_db.spec).schemas() == [mariadb_db.name]


def test_names_of_all_kinds_are_kept_and_read(mariadb_db: Database, warehouse_db: Database) -> None:
    for name in NAMES:
        mariadb_db.execute(
            f"CREATE TABLE {quoted(name)} ({quoted(name)} int PRIMARY KEY, updatedAt datetime)",
            f"INSERT INTO {quoted(name)} VALUES (1, '2025-01-01')",
        )
    found = discovered(mariadb_db)
    assert found.keys() == set(NAMES)
    with open_source(mariadb_db.spec).snapshot() as snapshot:
        for name, shape in found.items():
            assert snapshot.describe(TableRef(mariadb_db.name, name)) == shape
            assert shape.primary_key == (name,)
            assert detect(shape).watermark_column == "updatedAt"
            (chunk,) = snapshot.stream(Read(shape))
            assert chunk.data == b"1\t2025-01-01 00:00:00\n"


def test_names_that_differ_in_case_alone(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE Orders (id int)", "CREATE TABLE orders (name text)",
        "INSERT INTO Orders VALUES (1)", "INSERT INTO orders VALUES ('x')",
    )  # fmt: skip
    assert discovered(mariadb_db).keys() == {"Orders", "orders"}
    carry(mariadb_db, warehouse_db, "Orders")
    assert texts(warehouse_db) == [("1",)]
    carry(mariadb_db, warehouse_db, "orders")
    assert texts(warehouse_db) == [("x",)]


@pytest.mark.parametrize("name", ["missing", "T", "t ", "😀", "t%", ""])
def test_there_is_no_such_table(name: str, mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (id int)")
    with open_source(mariadb_db.spec).snapshot() as snapshot:
        assert snapshot.describe(TableRef(mariadb_db.name, name)) is None


def test_queries_do_not_grow_with_tables(mariadb_db: Database) -> None:
    def queries() -> int:
        counts = mariadb_db.rows("SHOW GLOBAL STATUS LIKE 'Com_select'")
        before = int(counts[0][1])
        discovered(mariadb_db)
        return int(mariadb_db.rows("SHOW GLOBAL STATUS LIKE 'Com_select'")[0][1]) - before

    mariadb_db.execute("CREATE TABLE t (id int PRIMARY KEY, j json)")
    few = queries()
    for number in range(50):
        mariadb_db.execute(f"CREATE TABLE t{number} (a int, b int, j json, PRIMARY KEY (b, a))")
    assert queries() == few
    assert few < 10
    assert len(discovered(mariadb_db)) == 51


def test_an_account_that_may_only_read_sees_keys_and_json(mariadb_db: Database) -> None:
    from dataclasses import replace

    mariadb_db.execute(
        "CREATE TABLE t (b int, a int, j json, `j``k` json, l longtext, PRIMARY KEY (a, b))",
        "CREATE TABLE hidden (id int)",
    )
    mariadb_db.execute(
        "CREATE OR REPLACE USER reader IDENTIFIED BY 'only-reads'",
        f"GRANT SELECT ON `{mariadb_db.name}`.t TO reader",
        admin=True,
    )
    reader = Database(
        replace(mariadb_db.spec, username="reader", password="only-reads"), mariadb_db.connect
    )
    found = discovered(reader)
    assert found.keys() == {"t"}
    assert found["t"].primary_key == ("a", "b")
    assert [c.target_type for c in found["t"].columns[2:]] == ["json", "json", "text"]
    mariadb_db.execute("DROP USER reader", admin=True)


def test_a_text_checked_for_more_than_json_is_a_text(mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (a longtext CHECK (json_valid(a) OR a = ''), b longtext)")
    assert [c.target_type for c in describe(mariadb_db, "t").columns] == ["text", "text"]


def test_a_broken_view_does_not_hide_the_rest(mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int)",
        "CREATE TABLE gone (id int)",
        "CREATE VIEW broken AS SELECT * FROM gone",
        "DROP TABLE gone",
    )
    assert "t" in discovered(mariadb_db)


def test_the_registry_opens_both_kinds(mariadb_db: Database) -> None:
    from dataclasses import replace

    for kind in ("mysql", "mariadb"):
        assert isinstance(open_source(replace(mariadb_db.spec, type=kind)), MySQLSource)
