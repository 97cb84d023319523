"""What PostgreSQL can't hold is rejected or marked, row by row, and nothing else is touched."""

from __future__ import annotations

from tests.integration.dialects.mysql.carrying import carry, texts
from tests.servers import Database


def test_what_is_no_date_is_null_and_counted(mariadb_db: Database, warehouse_db: Database) -> None:
    connection = mariadb_db.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES'")
        cursor.execute(
            "CREATE TABLE t (d date NOT NULL, id int PRIMARY KEY, dt datetime(6) NOT NULL,"
            " ts timestamp NOT NULL DEFAULT '0000-00-00 00:00:00', n date)"
        )
        cursor.execute(
            "INSERT INTO t VALUES"
            " ('0000-00-00', 1, '0000-00-00', '0000-00-00', '2025-02-30'),"
            " ('0000-12-19', 2, '0000-12-19 10:00:00', '2025-01-01', NULL),"
            " ('2025-00-15', 3, '2025-00-15 10:00:00', '2025-01-01', '2025-04-31'),"
            " ('2025-01-00', 4, '2025-01-00 10:00:00', '2025-01-01', '2023-02-29'),"
            " ('2024-02-29', 5, '2024-02-29 23:59:59.999999', '2025-01-01', '0001-01-01')"
        )
    carried = carry(mariadb_db, warehouse_db)
    assert carried.warnings == {"zero_date": 4 + 4 + 1 + 3}
    assert not carried.rejected
    moment = "2025-01-01 00:00:00+00"
    at_st_johns = "2025-01-01 03:30:00+00"  # what the server's zone made of it
    assert moment != at_st_johns
    assert texts(warehouse_db, "id") == [
        (None, "1", None, None, None),
        (None, "2", None, at_st_johns, None),
        (None, "3", None, at_st_johns, None),
        (None, "4", None, at_st_johns, None),
        ("2024-02-29", "5", "2024-02-29 23:59:59.999999", at_st_johns, "0001-01-01"),
    ]


def test_a_key_that_is_no_date_is_rejected(mariadb_db: Database, warehouse_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (d date, v varchar(9), PRIMARY KEY (d, v))",
        "INSERT INTO t VALUES ('0000-00-00', 'zero'), ('2025-01-01', '\\\\Y'), ('2025-00-01', 'a')",
    )
    carried = carry(mariadb_db, warehouse_db)
    assert texts(warehouse_db) == [("2025-01-01", "\\Y")]
    assert not carried.warnings
    by_day = {row.payload["d"]: row for row in carried.rejected}
    assert by_day.keys() == {"0000-00-00", "2025-00-01"}
    assert by_day["2025-00-01"].payload == {"d": "2025-00-01", "v": "a"}
    assert "2025-00-01 is no date" in by_day["2025-00-01"].reason
    assert by_day["2025-00-01"].stage == "extract"


def test_a_zero_byte_in_text_is_rejected_and_the_rest_loads(
    mariadb_db: Database, warehouse_db: Database
) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(20), b blob, d date)",
        "INSERT INTO t SELECT seq, concat('row\\t', seq), X'00', '2025-01-01' FROM seq_1_to_99",
        "INSERT INTO t VALUES (100, 'a\\0b\\\\c', X'0041', '0000-00-00')",
    )
    carried = carry(mariadb_db, warehouse_db)
    assert carried.rows == 99
    (row,) = carried.rejected
    assert row.stage == "extract"
    assert "column v" in row.reason and "zero byte" in row.reason
    assert row.payload == {"id": "100", "v": "a\0b\\c", "b": "\\x0041", "d": None}
    assert not carried.warnings  # a rejected row's date became nothing
    assert texts(warehouse_db, "id")[0] == ("1", "row\t1", "\\x00", "2025-01-01")


def test_an_escaped_zero_character_in_json_is_rejected(
    mariadb_db: Database, warehouse_db: Database
) -> None:
    connection = mariadb_db.connect()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, j json, v varchar(30))")
        for number, document in enumerate((r'{"a": "x\u0000y"}', r'{"a": "x\\u0000y"}')):
            cursor.execute("INSERT INTO t VALUES (%s, %s, %s)", (number, document, r"\u0000"))
    carried = carry(mariadb_db, warehouse_db)
    assert [(row.payload["id"], "escaped zero" in row.reason) for row in carried.rejected] == [
        ("0", True)
    ]
    assert texts(warehouse_db) == [("1", r'{"a": "x\\u0000y"}', r"\u0000")]


def test_marks_are_told_from_values_that_look_like_them(
    mariadb_db: Database, warehouse_db: Database
) -> None:
    """A value can't forge the marks by which a line says that a date is none."""
    forged = [r"\Z", r"\Y", r"\N", "\t\\Z", "\\Z\t\\Z", "\n\\Z\n", "\\\\Z", "\t\\Y", "x\\Z"]
    connection = mariadb_db.connect()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE t (a varchar(9), k int AUTO_INCREMENT PRIMARY KEY, d date, b varchar(9))"
        )
        for value in forged:
            cursor.execute("INSERT INTO t (a, d, b) VALUES (%s, '0000-00-00', %s)", (value, value))
    carried = carry(mariadb_db, warehouse_db)
    assert carried.warnings == {"zero_date": len(forged)}
    assert [(a, d, b) for a, _, d, b in texts(warehouse_db, "k")] == [
        (value, None, value) for value in forged
    ]
