"""Every MySQL and MariaDB type arrives with its value, whatever the value."""

from __future__ import annotations

from tests.integration.dialects.mysql.carrying import carry, describe, texts
from tests.servers import Database

# (declaration, target type, [(SQL literal, PostgreSQL's text form)])
CASES: list[tuple[str, str, list[tuple[str, str | None]]]] = [
    ("tinyint", "smallint", [("-128", "-128"), ("127", "127")]),
    ("tinyint(1)", "smallint", [("0", "0"), ("1", "1"), ("2", "2"), ("-128", "-128")]),
    ("tinyint unsigned", "smallint", [("255", "255")]),
    ("smallint", "smallint", [("-32768", "-32768"), ("32767", "32767")]),
    ("smallint unsigned", "integer", [("65535", "65535")]),
    ("mediumint", "integer", [("-8388608", "-8388608"), ("8388607", "8388607")]),
    ("mediumint unsigned", "integer", [("16777215", "16777215")]),
    ("int", "integer", [("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    ("int unsigned", "bigint", [("4294967295", "4294967295")]),
    ("int(8) unsigned zerofill", "bigint", [("42", "42"), ("0", "0")]),
    (
        "bigint",
        "bigint",
        [("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807",) * 2],
    ),
    ("bigint unsigned", "numeric(20,0)", [("18446744073709551615",) * 2, ("0", "0")]),
    ("bigint(20) unsigned zerofill", "numeric(20,0)", [("18446744073709551615",) * 2, ("7", "7")]),
    ("decimal(10,2)", "numeric(10,2)", [("-99999999.99",) * 2, ("0.10", "0.10")]),
    ("decimal(10,0)", "numeric(10,0)", [("1234567890",) * 2]),
    ("decimal(8,3) zerofill", "numeric(8,3)", [("1.5", "1.500")]),
    (
        "decimal(65,30)",
        "numeric(65,30)",
        [
            ("99999999999999999999999999999999999.999999999999999999999999999999",) * 2,
            ("-0.000000000000000000000000000001",) * 2,
        ],
    ),
    ("decimal(65,0)", "numeric(65,0)", [("9" * 65,) * 2]),
    (
        "float",
        "real",
        [
            ("0.1", "0.1"),
            ("16777216", "1.6777216e+07"),
            ("3.4028234663852886e38", "3.4028235e+38"),
            ("1.401298464324817e-45", "1e-45"),
            ("123456.789", "123456.79"),
        ],
    ),
    ("float(10,2)", "real", [("123456.79", "123456.79")]),
    (
        "double",
        "double precision",
        [
            ("0.1", "0.1"),
            ("0.1e0+0.2e0", "0.30000000000000004"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("-2.2250738585072014e-308", "-2.2250738585072014e-308"),
            ("5e-324", "5e-324"),
            ("9007199254740993", "9.007199254740992e+15"),
        ],
    ),
    ("double(20,3)", "double precision", [("12345.678", "12345.678")]),
    ("bit(1)", "boolean", [("b'0'", "false"), ("b'1'", "true")]),
    ("bit(16)", "bit(16)", [("b'101'", "0000000000000101"), ("65535", "1" * 16), ("0", "0" * 16)]),
    ("bit(64)", "bit(64)", [("18446744073709551615", "1" * 64), ("1", "1".zfill(64))]),
    ("year", "smallint", [("'0000'", "0"), ("1901", "1901"), ("2155", "2155")]),
    ("date", "date", [("'0001-01-01'",) * 2, ("'9999-12-31'",) * 2, ("'2024-02-29'",) * 2]),
    (
        "datetime",
        "timestamp without time zone",
        [("'0001-01-01 00:00:00'",) * 2, ("'9999-12-31 23:59:59'",) * 2],
    ),
    (
        "datetime(6)",
        "timestamp without time zone",
        [
            ("'2025-03-30 02:30:00.000001'",) * 2,
            ("'9999-12-31 23:59:59.999999'",) * 2,
            ("'2025-01-01 00:00:00.100000'", "'2025-01-01 00:00:00.1'"),
        ],
    ),
    ("time", "interval", [("'838:59:59'",) * 2, ("'-838:59:59'",) * 2, ("'00:00:00'",) * 2]),
    (
        "time(6)",
        "interval",
        [("'-00:00:00.000001'",) * 2, ("'25:00:00.5'",) * 2, ("'-13:30:00.25'",) * 2],
    ),
    ("char(5)", "text", [("''", ""), ("'ab'", "ab"), ("'  a'", "  a")]),
    ("varchar(50)", "text", [("'a '", "a "), ("'100% \\_ \"q\"'", '100% \\_ "q"')]),
    (
        "varchar(50) character set latin1",
        "text",
        [("'é'", "é"), ("_latin1 X'80'", "€"), ("'a\\tb\\\\c'", "a\tb\\c")],
    ),
    ("varchar(50) character set ucs2", "text", [("'žluť\\nš'", "žluť\nš")]),
    ("varchar(50) character set utf16", "text", [("'😀'", "😀")]),
    ("varchar(50) character set sjis", "text", [("'表'", "表")]),  # its bytes hold a backslash
    ("varchar(50) character set gbk", "text", [("'縗'", "縗")]),  # its bytes hold a backslash
    ("varchar(50) character set utf8mb3", "text", [("'ß\\rx'", "ß\rx")]),
    ("tinytext", "text", [("'x'", "x")]),
    ("text", "text", [("'\\\\N'", "\\N"), ("'\\\\.'", "\\."), ("'\\\\Z'", "\\Z"), ("'\\\\\\\\'",
      "\\\\")]),
    ("mediumtext", "text", [("repeat('aé\\t', 100000)", "aé\t" * 100000)]),
    ("longtext", "text", [("'\\n\\r\\t\\\\'", "\n\r\t\\"), ("'\\b\\Z'", "\b\x1a")]),
    ("enum('', 'a b', 'é\\t')", "text", [("'a b'", "a b"), ("'é\\t'", "é\t"), ("''", "")]),
    ("enum('a')", "text", [("'no label'", "")]),  # the error value
    ("set('a', 'b c')", "text", [("'a,b c'", "a,b c"), ("''", "")]),
    ("binary(4)", "bytea", [("X'FF00'", "\\xff000000")]),
    ("varbinary(10)", "bytea", [("X''", "\\x"), ("X'5C4E0A09'", "\\x5c4e0a09")]),
    ("tinyblob", "bytea", [("X'00'", "\\x00")]),
    ("blob", "bytea", [("'text'", "\\x74657874")]),
    ("mediumblob", "bytea", [("repeat(X'FE', 100000)", "\\x" + "fe" * 100000)]),
    ("longblob", "bytea", [("X'00FF'", "\\x00ff")]),
    ("json", "json", [("'{\"a\": [1, \"é\\\\n\\\\\"\"]}'", '{"a": [1, "é\\n\\""]}')]),
    ("uuid", "uuid", [("'6ccd780c-baba-1026-9564-5b8c656024db'",) * 2]),
    ("inet4", "inet", [("'192.0.2.146'", "192.0.2.146/32"), ("'0.0.0.0'", "0.0.0.0/32")]),
    (
        "inet6",
        "inet",
        [
            ("'2001:db8::ff00:42:8329'", "2001:db8::ff00:42:8329/128"),
            ("'::ffff:192.0.2.1'", "::ffff:192.0.2.1/128"),
        ],
    ),
]  # fmt: skip


def unquoted(text: str | None) -> str | None:
    """``'x'`` in the table above is short for: arrives as it was written."""
    return text[1:-1] if text and len(text) > 1 and text[0] == text[-1] == "'" else text


def test_every_type_keeps_its_values(mariadb_db: Database, warehouse_db: Database) -> None:
    """All types side by side in one table, a value in each row, NULL in the first."""
    columns = [f"c{number}" for number in range(len(CASES))]
    declared = (f"{name} {case[0]} NULL" for name, case in zip(columns, CASES, strict=True))
    mariadb_db.execute(f"CREATE TABLE t (id int PRIMARY KEY, {', '.join(declared)})")
    for row in range(1 + max(len(values) for _, _, values in CASES)):
        literals = [
            values[row - 1][0] if 0 < row <= len(values) else "NULL" for *_, values in CASES
        ]
        mariadb_db.execute(f"INSERT INTO t VALUES ({row}, {', '.join(literals)})")

    carried = carry(mariadb_db, warehouse_db)

    assert not carried.rejected and not carried.warnings
    found = list(zip(*texts(warehouse_db, "target.id"), strict=True))[1:]
    expected_types = {name: case[1] for name, case in zip(columns, CASES, strict=True)}
    assert carried.types() == {"id": "integer", **expected_types}
    for (declaration, _, values), column in zip(CASES, found, strict=True):
        texts_of_values = [None, *(unquoted(text) for _, text in values)]
        assert list(column[: len(values) + 1]) == texts_of_values, declaration
        assert set(column[len(values) + 1 :]) <= {None}, declaration
    declared_types = warehouse_db.rows(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'target'::regclass AND attnum > 1"
    )
    assert dict(declared_types) == expected_types  # spelled as PostgreSQL does


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
