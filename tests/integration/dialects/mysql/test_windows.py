"""A window yields exactly the rows that its bounds mean, for every type that has an order."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from arus_dagster.dialects.base import HighWatermark, Read, TableRef, Window
from arus_dagster.dialects.mysql.connection import Connection
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.dialects.mysql.windows import where
from arus_dagster.errors import ConfigurationError
from tests.servers import Database


def ids(database: Database, window: Window | None, table: str = "t", **options: object) -> str:
    """The ids, one character each, of the rows read."""
    with MySQLSource(database.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(database.name, table))
        assert shape is not None
        read = Read(shape, window, **options)  # type: ignore[arg-type]
        lines = b"".join(chunk.data for chunk in snapshot.stream(read)).decode().splitlines()
        assert snapshot.count(read) == len(lines)
    return "".join(sorted(line.split("\t")[0] for line in lines))


def high(database: Database, window: Window, table: str = "t", **options: object) -> HighWatermark:
    with MySQLSource(database.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(database.name, table))
        assert shape is not None
        return snapshot.high_watermark(Read(shape, window, **options))  # type: ignore[arg-type]


def fill(database: Database, columns: str, rows: Iterable[str]) -> None:
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        cursor.execute(f"CREATE TABLE t (id char(1), {columns})")
        for row in rows:
            cursor.execute(f"INSERT INTO t VALUES ({row})")


def test_ties_and_rows_without_watermark_belong_to_every_window(mariadb_db: Database) -> None:
    fill(
        mariadb_db,
        "wm datetime(6), PRIMARY KEY (id)",
        [
            "'a', '2025-01-01 12:00:00.000001'",
            "'b', '2025-01-01 12:00:00.000002'",
            "'c', '2025-01-01 12:00:00.000002'",
            "'d', '2025-01-01 12:00:00.000003'",
            "'e', NULL",
        ],
    )
    at_b = "2025-01-01 12:00:00.000002"
    assert ids(mariadb_db, None) == "abcde"
    assert ids(mariadb_db, Window("wm")) == "abcde"
    assert ids(mariadb_db, Window("wm", lower=at_b)) == "bcde"
    assert ids(mariadb_db, Window("wm", lower=at_b, upper=at_b)) == "bce"
    assert ids(mariadb_db, Window("wm", upper=at_b)) == "abce"
    assert high(mariadb_db, Window("wm")).value == "2025-01-01 12:00:00.000003"
    assert high(mariadb_db, Window("wm", upper=at_b)).value == at_b
    assert ids(mariadb_db, Window("wm", lower="2025-01-01")) == "abcde"
    assert ids(mariadb_db, Window("wm", lower="2025-01-02")) == "e"
    assert high(mariadb_db, Window("wm", lower="2025-01-02")).value is None


@pytest.mark.parametrize(
    ("declaration", "values", "greatest"),
    [
        ("int", ["-5", "0", "7"], "7"),
        ("bigint unsigned", ["0", "18446744073709551614", "18446744073709551615"],
         "18446744073709551615"),
        ("bigint", ["-9223372036854775808", "9007199254740992", "9007199254740993"],
         "9007199254740993"),
        ("int(6) unsigned zerofill", ["1", "2", "30"], "30"),
        ("decimal(65,30)", ["-1", "0.1", "0.100000000000000000000000000001"],
         "0.100000000000000000000000000001"),
        ("float", ["0.1", "0.2", "0.3"], "0.30000001192092896"),
        ("double", ["-1e300", "0.1", "1e300"], "1e300"),
        ("year", ["'0000'", "1999", "2000"], "2000"),
        ("bit(4)", ["b'0'", "b'11'", "b'1010'"], "1010"),
        ("date", ["'0001-01-01'", "'2025-01-01'", "'9999-12-31'"], "9999-12-31"),
        ("datetime", ["'0001-01-01'", "'2025-01-01'", "'2025-01-01 00:00:01'"],
         "2025-01-01 00:00:01"),
        ("timestamp(3)", ["'1970-01-01 00:00:01'", "'2025-01-01'", "'2025-01-01 00:00:00.001'"],
         "2025-01-01 00:00:00.001+00"),
        ("time(2)", ["'-838:59:59'", "'00:00:00'", "'100:00:00.25'"], "100:00:00.25"),
        ("varchar(9)", ["'Z'", "'a'", "'b '"], "b "),  # by bytes, as the warehouse sorts
        ("varchar(9) character set latin1", ["'z'", "'é'", "'ü'"], "ü"),
        ("varchar(9)", ["'z'", "'\uffff'", "'😀'"], "😀"),
        ("enum('z', 'b', 'a')", ["'a'", "'b'", "'z'"], "z"),  # by its text, not its number
        ("varbinary(9)", ["X'00'", "X'7F'", "X'FF00'"], "\\xFF00"),
        ("uuid", ["'00000000-0000-4000-8000-000000000000'",
                  "'6ccd780c-baba-1026-9564-5b8c656024db'",
                  "'ffffffff-0000-0000-0000-000000000000'"],
         "ffffffff-0000-0000-0000-000000000000"),
    ],
)  # fmt: skip
def test_a_high_watermark_is_a_lower_bound_of_the_next_window(
    declaration: str, values: list[str], greatest: str, mariadb_db: Database
) -> None:
    fill(
        mariadb_db,
        f"wm {declaration} NULL",
        [*(f"'{i}', {value}" for i, value in zip("abc", values, strict=True)), "'n', NULL"],
    )
    assert high(mariadb_db, Window("wm")) == HighWatermark(greatest)
    assert ids(mariadb_db, Window("wm", lower=greatest)) == "cn"
    assert ids(mariadb_db, Window("wm", upper=greatest)) == "abcn"
    middle = high(mariadb_db, Window("wm"), row_filter="id <> 'c'").value
    assert ids(mariadb_db, Window("wm", lower=middle)) == "bcn"
    assert ids(mariadb_db, Window("wm", lower=middle, upper=middle)) == "bn"


def test_lookback_reaches_back_from_times_alone(mariadb_db: Database) -> None:
    fill(
        mariadb_db,
        "wm datetime(3), n int, ts timestamp(3) NULL, d date",
        [
            "'a', '2025-01-01 11:58:59.999', 1, '2025-01-01 11:58:59.999', '2025-01-01'",
            "'b', '2025-01-01 11:59:00.000', 5, '2025-01-01 11:59:00.000', '2025-01-02'",
            "'c', '2025-01-01 12:00:00.000', 9, '2025-01-01 12:00:00.000', '2025-01-03'",
        ],
    )
    noon = "2025-01-01 12:00:00.000"
    assert ids(mariadb_db, Window("wm", lower=noon, lookback_seconds=60)) == "bc"
    assert ids(mariadb_db, Window("ts", lower=f"{noon}+00", lookback_seconds=60)) == "bc"
    assert ids(mariadb_db, Window("d", lower="2025-01-03", lookback_seconds=86400)) == "bc"
    assert ids(mariadb_db, Window("d", lower="2025-01-03", lookback_seconds=86399)) == "c"
    assert ids(mariadb_db, Window("n", lower="9", lookback_seconds=60)) == "c"
    earliest = Window("wm", lower="0001-01-01", lookback_seconds=10**9)
    assert ids(mariadb_db, earliest) == "abc"


def test_what_is_no_date_belongs_to_every_window_and_is_no_watermark(
    mariadb_db: Database,
) -> None:
    rows = [
        "'a', '0000-00-00', '0000-00-00'",
        "'b', '0000-12-31', '2025-01-01'",
        "'c', '2024-00-15', '2025-01-02'",
        "'d', '2024-12-31', '2025-01-03'",
        "'e', '2025-02-31', '2025-01-04'",
        "'f', '2025-02-28', '2025-01-05'",
        "'g', '2026-00-00', '2025-01-06'",
    ]
    fill(mariadb_db, "wm datetime NOT NULL, ts timestamp NOT NULL DEFAULT 0", rows)
    assert high(mariadb_db, Window("wm")).value == "2025-02-28 00:00:00"
    # Without a key the warehouse drops all rows without watermark: so all come again.
    assert ids(mariadb_db, Window("wm", lower="2025-01-01")) == "abcefg"
    assert ids(mariadb_db, Window("wm", lower="2025-02-28", upper="2025-02-28")) == "abcefg"
    assert ids(mariadb_db, Window("ts", lower="2025-01-05")) == "afg"
    mariadb_db.execute("ALTER TABLE t ADD PRIMARY KEY (id), ADD INDEX (wm)")
    # With a key a row that the server sorts before the window was loaded when it was new.
    assert ids(mariadb_db, Window("wm", lower="2025-01-01")) == "abefg"


def test_with_a_key_a_window_is_found_by_the_index(mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm datetime, ts timestamp NULL, KEY (wm), KEY (ts))",
        "INSERT INTO t SELECT seq, '2025-01-01' + INTERVAL seq SECOND,"
        " '2025-01-01' + INTERVAL seq SECOND FROM seq_1_to_5000",
        "ANALYZE TABLE t",
    )
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(mariadb_db.name, "t"))
    assert shape is not None
    with Connection(mariadb_db.spec) as connection:
        # The server's own zone, in which the rows were written, is 3:30 behind.
        for column, lower in (("wm", "2025-01-01 01:23:00"), ("ts", "2025-01-01 04:53:00")):
            clause = where(Read(shape, Window(column, lower=lower)))
            (plan,) = connection.rows(f"EXPLAIN SELECT * FROM t{clause}")
            assert "range" in plan and column in plan


def test_soft_deletes(mariadb_db: Database) -> None:
    fill(
        mariadb_db,
        "wm datetime, deleted_at datetime, gone tinyint(1), bits bit(1), word varchar(5)",
        [
            "'a', '2025-01-01', NULL, 0, b'0', NULL",
            "'b', '2025-01-01', '2025-01-05', 1, b'1', 'x'",
            "'c', '2025-01-03', '2025-01-03', -1, b'1', ''",
            "'d', '2025-01-04', '0000-00-00', NULL, NULL, NULL",
            "'e', '2025-01-01', '2025-01-02', NULL, NULL, NULL",
        ],
    )
    window = Window("wm", lower="2025-01-04", deleted_column="deleted_at")
    # Without a lower bound of its own every deletion counts.
    assert ids(mariadb_db, window) == "bcde"
    bounded = Window(
        "wm", lower="2025-01-04", deleted_column="deleted_at", deleted_lower="2025-01-05"
    )
    assert ids(mariadb_db, bounded) == "bd"
    assert high(mariadb_db, bounded) == HighWatermark("2025-01-04 00:00:00", "2025-01-05 00:00:00")
    assert ids(mariadb_db, Window("wm", lower="2025-01-04", deleted_column="gone")) == "bcd"
    assert ids(mariadb_db, None, exclude_deleted="deleted_at") == "ad"
    assert ids(mariadb_db, None, exclude_deleted="gone") == "ade"
    assert ids(mariadb_db, None, exclude_deleted="bits") == "ade"
    assert ids(mariadb_db, None, exclude_deleted="word") == "ade"
    assert high(mariadb_db, Window("wm", deleted_column="gone")).deleted is None


def test_a_row_filter_narrows_everything(mariadb_db: Database) -> None:
    fill(
        mariadb_db,
        "wm int, name varchar(20)",
        ["'a', 1, '100%'", "'b', 2, 'x'", "'c', 3, '100%'", "'d', NULL, 'y'"],
    )
    like = "name LIKE '100\\%' -- whole orders"
    assert ids(mariadb_db, None, row_filter=like) == "ac"
    assert ids(mariadb_db, Window("wm", lower="2"), row_filter=like) == "c"
    assert high(mariadb_db, Window("wm"), row_filter="wm < 3 OR wm IS NULL").value == "2"


@pytest.mark.parametrize(
    ("column", "lower"),
    [
        ("n", "1 OR 1=1"), ("n", "abc"), ("n", ""), ("f", "1e"), ("d", "yesterday"),
        ("d", "2025-02-30"), ("t", "noon"), ("b", "ff"), ("bits", "102"),
    ],
)  # fmt: skip
def test_a_bound_that_is_no_value_is_refused(column: str, lower: str, mariadb_db: Database) -> None:
    fill(mariadb_db, "n int, f double, d datetime, t time, b varbinary(5), bits bit(4)", [])
    with pytest.raises(ConfigurationError, match=f"no value of column {column}"):
        ids(mariadb_db, Window(column, lower=lower))


@pytest.mark.parametrize("column", ["j", "g", "flag", "missing", "i"])
def test_a_column_without_order_is_no_watermark(column: str, mariadb_db: Database) -> None:
    fill(mariadb_db, "j json, g point, flag bit(1), i inet6", [])
    with pytest.raises(ConfigurationError, match=column):
        high(mariadb_db, Window(column))
