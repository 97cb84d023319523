"""Every MySQL and MariaDB type arrives with its value, whatever the value."""

from __future__ import annotations

from tests.integration.dialects.mysql.carrying import carry, describe, texts
from tests.integration.dialects.mysql.values import (
    COLUMNS,
    create_table_of_every_type,
    expected_rows,
    expected_types,
)
from tests.servers import Database


def test_every_type_keeps_its_values(mariadb_db: Database, warehouse_db: Database) -> None:
    create_table_of_every_type(mariadb_db)
    carried = carry(mariadb_db, warehouse_db)
    assert not carried.rejected and not carried.warnings
    assert carried.types() == expected_types()
    columns = zip(texts(warehouse_db, "target.id"), expected_rows(), strict=True)
    for found, expected in columns:
        assert dict(zip(["id", "wm", *COLUMNS], found, strict=True)) == dict(
            zip(["id", "wm", *COLUMNS], expected, strict=True)
        )
    declared_types = warehouse_db.rows(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'target'::regclass AND attnum > 0"
    )
    assert dict(declared_types) == expected_types()  # spelled as PostgreSQL does


def test_a_timestamp_is_a_point_in_time(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int, v timestamp(6) NULL)",
    )
    connection = mariadb_db.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+05:30'")
        cursor.execute("INSERT INTO t VALUES (1, '2025-01-01 05:30:00.000001'), (2, NULL)")
        cursor.execute("INSERT INTO t VALUES (3, '2038-01-19 08:44:07.999999')")
    carried = carry(mariadb_db, warehouse_db)
    assert carried.types()["v"] == "timestamp with time zone"
    assert [value for _, value in texts(warehouse_db)] == [
        "2025-01-01 00:00:00.000001+00",
        None,
        "2038-01-19 03:14:07.999999+00",
    ]


def test_tinyint1_is_boolean_only_when_told(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v tinyint(1), w tinyint)",
        "INSERT INTO t VALUES (1, 0, 0), (2, 1, 1), (3, 2, 2), (4, -128, 3), (5, NULL, NULL)",
    )
    carried = carry(mariadb_db, warehouse_db, tinyint1_as_bool=True)
    assert carried.types() == {"id": "integer", "v": "boolean", "w": "smallint"}
    assert [row[1] for row in texts(warehouse_db)] == ["false", "true", "true", "true", None]


def test_a_geometry_is_well_known_binary(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int, v geometry, p point)",
        "INSERT INTO t VALUES (1, ST_GeomFromText('POINT(1 2)'), POINT(1, 2))",
        "INSERT INTO t VALUES (2, ST_GeomFromText('LINESTRING(0 0, 1 1)', 4326), NULL)",
        "INSERT INTO t VALUES (3, ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))', 4326), NULL)",
    )
    carried = carry(mariadb_db, warehouse_db)
    assert carried.types() == {"id": "integer", "v": "bytea", "p": "bytea"}
    point = "0101000000000000000000f03f0000000000000040"
    first, second, third = texts(warehouse_db)
    assert first == ("1", f"\\x{point}", f"\\x{point}")
    # 01 little-endian, 02 line string, 20 has an SRID, 4326, two points
    assert second[1] == (
        "\\x0102000020e610000002000000" + "00" * 16 + "000000000000f03f000000000000f03f"
    )
    assert third[1] == f"\\x0107000020e610000001000000{point}"


def test_generated_invisible_and_versioned_columns(
    mariadb_db: Database, warehouse_db: Database
) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, price int, n int INVISIBLE DEFAULT 7,"
        " total int GENERATED ALWAYS AS (price * 2) STORED, half int AS (price / 2) VIRTUAL)"
        " WITH SYSTEM VERSIONING",
        "INSERT INTO t (id, price) VALUES (1, 10)",
        "UPDATE t SET price = 20",
    )
    carried = carry(mariadb_db, warehouse_db)
    assert texts(warehouse_db) == [("1", "20", "7", "40", "10")]
    assert [c.name for c in carried.shape.columns if c.generated] == ["total", "half"]
    assert carried.shape.kind == "table"


def test_a_view_over_anything_has_types(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int unsigned PRIMARY KEY, j json, s varchar(10))",
        "INSERT INTO t VALUES (1, '[1]', 'x')",
        "CREATE VIEW v AS SELECT id, j, concat(s, '!') AS s, 1.5 AS n, NULL AS nothing FROM t",
    )
    carried = carry(mariadb_db, warehouse_db, "v")
    assert carried.shape.kind == "view"
    assert carried.shape.primary_key == ()
    assert texts(warehouse_db) == [("1", "[1]", "x!", "1.5", None)]


def test_the_shape_says_what_the_source_declares(mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (b int NOT NULL, a int unsigned NOT NULL AUTO_INCREMENT COMMENT 'the key',"
        " c varchar(5), PRIMARY KEY (a, b)) COMMENT 'a table'"
    )
    shape = describe(mariadb_db, "t")
    assert shape.comment == "a table"
    assert shape.primary_key == ("a", "b")
    a = shape.column("a")
    assert a is not None
    assert (a.source_type, a.nullable, a.comment) == ("int(10) unsigned", False, "the key")
    assert a.attributes["auto_increment"] is True
    c = shape.column("c")
    assert c is not None and c.nullable and c.attributes["charset"] == "utf8mb4"


def test_rows_of_nothing_but_empty_texts(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (v varchar(5))", "INSERT INTO t VALUES (''), (''), (NULL)")
    assert carry(mariadb_db, warehouse_db).rows == 3
    assert texts(warehouse_db) == [("",), ("",), (None,)]


def test_an_empty_table_yields_nothing(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (v varchar(5))")
    assert carry(mariadb_db, warehouse_db).chunks == 0
