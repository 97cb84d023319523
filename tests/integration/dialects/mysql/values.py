"""A table with a column of every MySQL and MariaDB type, with values at and beyond the edges."""

from __future__ import annotations

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
    ("varchar(50) character set utf8mb4", "text", [("'😀'", "😀")]),
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
    ("binary(16)", "bytea", [("X'FF000102030405060708090A0B0C0D0E'",
      "\\xff000102030405060708090a0b0c0d0e")]),
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


COLUMNS = [f"c{number}" for number in range(len(CASES))]
ROWS = 1 + max(len(values) for _, _, values in CASES)


def create_table_of_every_type(database: Database) -> None:
    """Table ``t``: ``id`` and ``wm`` number the rows; the first holds NULL in all other columns."""
    declared = (f"{name} {case[0]} NULL" for name, case in zip(COLUMNS, CASES, strict=True))
    database.execute(f"CREATE TABLE t (id int PRIMARY KEY, wm int, {', '.join(declared)})")
    for row in range(ROWS):
        literals = [
            values[row - 1][0] if 0 < row <= len(values) else "NULL" for *_, values in CASES
        ]
        database.execute(f"INSERT INTO t VALUES ({row}, {row}, {', '.join(literals)})")


def expected_types() -> dict[str, str]:
    """Column name to target type."""
    kinds = {name: case[1] for name, case in zip(COLUMNS, CASES, strict=True)}
    return {"id": "integer", "wm": "integer", **kinds}


def expected_rows() -> list[tuple[str | None, ...]]:
    """The rows in PostgreSQL's text form, by ``id``."""
    return [
        (
            str(row),
            str(row),
            *(
                _unquoted(values[row - 1][1]) if 0 < row <= len(values) else None
                for *_, values in CASES
            ),
        )
        for row in range(ROWS)
    ]


def _unquoted(text: str | None) -> str | None:
    """``'x'`` in the table above is short for: arrives as it was written."""
    return text[1:-1] if text and len(text) > 1 and text[0] == text[-1] == "'" else text
