"""Rows too long for one text of the server come in parts, the same in the end, in little memory."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from arus_dagster.dialects.base import Read, TableRef
from arus_dagster.dialects.mysql.fields import LineFormat
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.errors import DataError
from tests.integration.dialects.mysql.carrying import carry, describe, texts
from tests.servers import Database

MEGABYTE = 1 << 20


@pytest.fixture
def small_packets(mariadb_db: Database) -> Iterator[Database]:
    """The database, on a server that makes no text longer than 2 MB."""
    usual = mariadb_db.value("SELECT @@max_allowed_packet", admin=True)
    mariadb_db.execute(f"SET GLOBAL max_allowed_packet = {2 * MEGABYTE}", admin=True)
    yield mariadb_db
    mariadb_db.execute(f"SET GLOBAL max_allowed_packet = {usual}", admin=True)


def test_values_beyond_the_servers_limit_arrive(
    small_packets: Database, warehouse_db: Database
) -> None:
    small_packets.execute(
        "CREATE TABLE t (d date, id int PRIMARY KEY, b longblob, x varchar(9), s longtext, j json,"
        " l longtext CHARACTER SET latin1, n longtext, g geometry)",
        # In one text: 3 MB of hex, escaped tabs, and what grows as UTF-8.
        f"INSERT INTO t VALUES ('0000-00-00', 1, repeat(X'FF', {MEGABYTE * 3 // 2}), 'a\\tb', '', "
        "  NULL, NULL, NULL, NULL)",
        "INSERT INTO t VALUES ('2025-01-01', 2, NULL, NULL,"
        f"   repeat('\\t\\\\', {MEGABYTE * 2 // 3}),"
        "   '[1, \"\\\\n\"]', 'é', NULL, ST_GeomFromText('POINT(1 2)', 7))",
        f"INSERT INTO t VALUES ('2025-01-02', 3, '', '\\\\N', 'é\\n\\r', NULL,"
        f"  repeat('é', {MEGABYTE}), NULL, NULL)",
        "INSERT INTO t VALUES ('2025-01-03', 4, X'00', NULL, 'short', NULL, NULL, NULL, NULL)",
    )
    carried = carry(small_packets, warehouse_db)
    assert carried.rows == 4 and carried.warnings == {"zero_date": 1}
    point = "0101000020070000000000" + "00000000f03f0000000000000040"
    empty = "\\x"
    assert texts(warehouse_db, "id") == [
        (None, "1", "\\x" + "ff" * (MEGABYTE * 3 // 2), "a\tb", "", None, None, None, None),
        ("2025-01-01", "2", None, None, "\t\\" * (MEGABYTE * 2 // 3), '[1, "\\n"]', "é", None,
         f"\\x{point}"),
        ("2025-01-02", "3", empty, "\\N", "é\n\r", None, "é" * MEGABYTE, None, None),
        ("2025-01-03", "4", "\\x00", None, "short", None, None, None, None),
    ]  # fmt: skip


def test_a_zero_byte_in_a_long_text_is_rejected_too(
    mariadb_db: Database, warehouse_db: Database
) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (s mediumtext)",
        "INSERT INTO t VALUES (concat(repeat('x', 100000), '\\0')), ('good')",
    )
    carried = carry(mariadb_db, warehouse_db)
    assert [len(str(row.payload["s"])) for row in carried.rejected] == [100001]
    assert texts(warehouse_db) == [("good",)]


def test_a_row_of_several_packets(mariadb_db: Database, warehouse_db: Database) -> None:
    """The protocol cuts a row at 16 MB."""
    # A row's packet holds eight bytes beside the text; one of them exactly fills a part.
    edges = [0xFFFFFF - 8 + n for n in (-1, 0, 1)]
    mariadb_db.execute(
        "CREATE TABLE t (id int, s longtext, b longblob)",
        f"INSERT INTO t VALUES (1, repeat('abcdefg\\n', {MEGABYTE * 9 // 4}), 'x')",
        *(f"INSERT INTO t VALUES (2, repeat('z', {length}), NULL)" for length in edges),
    )
    assert carry(mariadb_db, warehouse_db).rows == 4
    assert warehouse_db.rows("SELECT length(s), length(b) FROM target ORDER BY id, 1") == [
        (18 * MEGABYTE, 1),
        *((length, None) for length in edges),
    ]
    assert warehouse_db.value("SELECT md5(s) FROM target WHERE id = 1") == mariadb_db.value(
        "SELECT md5(s) FROM t WHERE id = 1"
    )


def test_a_row_that_the_server_gives_no_text_for_fails_loudly(mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (id int)")
    line_format = LineFormat(describe(mariadb_db, "t").columns, 1024)
    with pytest.raises(DataError, match="max_allowed_packet"):
        line_format.join([])


def test_chunks_are_bounded_whatever_the_rows(mariadb_db: Database) -> None:
    """40 MB of rows, small ones first and large ones later, in chunks of 1 MB."""
    mariadb_db.execute(
        "CREATE TABLE t (id int, s longtext)",
        "INSERT INTO t SELECT seq, repeat('x', 100) FROM seq_1_to_20000",
        "INSERT INTO t SELECT seq, repeat('y', 1000000) FROM seq_1_to_40",
    )
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(mariadb_db.name, "t"))
        assert shape is not None
        sizes, rows = [], 0
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for chunk in snapshot.stream(Read(shape), MEGABYTE):
            sizes.append(len(chunk.data))
            rows += chunk.rows
            assert chunk.data.endswith(b"\n") and chunk.data.count(b"\n") == chunk.rows
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert rows == 20040 and sum(sizes) > 40 * MEGABYTE
    assert max(sizes) < 3 * MEGABYTE
    assert after - before < 20 * 1024  # kilobytes
