"""One snapshot sees one moment, can be stopped from outside, and leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from arus_dagster.dialects.base import Read, TableRef, TableShape, Window
from arus_dagster.dialects.mysql.source import MySQLSnapshot, MySQLSource
from arus_dagster.errors import ArusError, CancelledError, ConnectionFailedError
from tests.servers import Database, MariaDBServer, session_directory


def shape_of(snapshot: MySQLSnapshot, database: Database) -> TableShape:
    shape = snapshot.describe(TableRef(database.name, "t"))
    assert shape is not None
    return shape


def fill(database: Database, rows: int = 50_000) -> None:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm datetime(6), v varchar(300))",
        "INSERT INTO t SELECT seq, '2025-01-01' + INTERVAL seq MICROSECOND, repeat('x', 200)"
        f" FROM seq_1_to_{rows}",
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def running(database: Database) -> list[str]:
    return [
        row[0]
        for row in database.rows(
            "SELECT info FROM information_schema.processlist"
            f" WHERE db = '{database.name}' AND id <> connection_id() AND info IS NOT NULL",
            admin=True,
        )
    ]


def test_every_call_sees_the_same_moment(mariadb_db: Database) -> None:
    fill(mariadb_db)
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        read = Read(shape_of(snapshot, mariadb_db), Window("wm"))
        stream = snapshot.stream(read, 100_000)
        first = next(stream)
        mariadb_db.execute(
            "INSERT INTO t VALUES (0, '2030-01-01', 'new')",
            "UPDATE t SET v = 'changed', wm = '2031-01-01'",
            "DELETE FROM t WHERE id % 2 = 0",
        )
        lines = (first.data + b"".join(chunk.data for chunk in stream)).splitlines()
        assert len(lines) == 50_000
        assert {line.split(b"\t")[2] for line in lines} == {b"x" * 200}
        assert snapshot.count(read) == 50_000
        assert snapshot.high_watermark(read).value == "2025-01-01 00:00:00.050000"


def test_a_stream_can_be_cancelled(mariadb_db: Database) -> None:
    fill(mariadb_db)
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        stream = snapshot.stream(Read(shape_of(snapshot, mariadb_db)), 100_000)
        next(stream)
        canceller = threading.Thread(target=snapshot.cancel)
        canceller.start()
        canceller.join()
        with pytest.raises(CancelledError):
            list(stream)
        with pytest.raises(CancelledError):
            snapshot.count(Read(shape_of(snapshot, mariadb_db)))
    wait_until(lambda: not running(mariadb_db))


@pytest.mark.parametrize("call", ["count", "stream"])
def test_a_query_that_sends_nothing_can_be_cancelled(call: str, mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        read = Read(shape_of(snapshot, mariadb_db), row_filter="SLEEP(1000) = 0")
        raised: list[BaseException] = []

        def work() -> None:
            try:
                snapshot.count(read) if call == "count" else list(snapshot.stream(read))
            except ArusError as error:
                raised.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        wait_until(lambda: any("SLEEP" in sql for sql in running(mariadb_db)))
        snapshot.cancel()
        worker.join(30)
        assert not worker.is_alive()
        assert [type(error) for error in raised] == [CancelledError]
    # The server stopped too, which it would not have noticed by itself for 1,000 seconds.
    wait_until(lambda: not running(mariadb_db))


def test_a_stream_that_is_left_early_stops_on_the_server(mariadb_db: Database) -> None:
    fill(mariadb_db)
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        stream = snapshot.stream(Read(shape_of(snapshot, mariadb_db)), 100_000)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    wait_until(lambda: not running(mariadb_db))


def test_a_source_that_dies_in_the_middle_fails_the_read() -> None:
    with session_directory() as directory:
        server = MariaDBServer(directory)
        try:
            with server.database() as database:
                fill(database)
                with MySQLSource(database.spec).snapshot() as snapshot:
                    stream = snapshot.stream(Read(shape_of(snapshot, database)), 100_000)
                    next(stream)
                    server.kill()
                    with pytest.raises(ConnectionFailedError):
                        list(stream)
                    for _ in range(2):  # it is as broken the second time
                        with pytest.raises(ConnectionFailedError):
                            snapshot.count(Read(shape_of_nothing(database)))
        finally:
            server.remove()


def shape_of_nothing(database: Database) -> TableShape:
    return TableShape(TableRef(database.name, "t"), "table", ())


def test_a_slow_consumer_is_waited_for(mariadb_db: Database) -> None:
    """The server's own patience with a reader is one that a slow load would exhaust."""
    fill(mariadb_db)
    mariadb_db.execute("SET GLOBAL net_write_timeout = 1", admin=True)
    try:
        with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
            stream = snapshot.stream(Read(shape_of(snapshot, mariadb_db)), 100_000)
            rows = next(stream).rows
            time.sleep(3)  # well beyond what the server was told
            assert rows + sum(chunk.rows for chunk in stream) == 50_000
    finally:
        mariadb_db.execute("SET GLOBAL net_write_timeout = 60", admin=True)


def test_settings_of_the_server_change_nothing(mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE t (id int, c char(5), d date, s varchar(20))",
        "INSERT INTO t VALUES (1, 'ab', '0000-00-00', 'a\\\\b\\tc')",
    )
    hostile = {
        "sql_mode": "'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,ONLY_FULL_GROUP_BY,"
        "NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES,EMPTY_STRING_IS_NULL'",
        "tx_isolation": "'READ-UNCOMMITTED'",
        "sql_select_limit": "0",
        "max_statement_time": "100",
        "autocommit": "0",
    }
    usual = {name: mariadb_db.value(f"SELECT @@GLOBAL.{name}", admin=True) for name in hostile}
    for name, value in hostile.items():
        mariadb_db.execute(f"SET GLOBAL {name} = {value}", admin=True)
    try:
        with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
            (chunk,) = snapshot.stream(Read(shape_of(snapshot, mariadb_db)))
    finally:
        connection = mariadb_db.connect(admin=True, sql_mode="")
        with connection.cursor() as cursor:
            for name, value in usual.items():
                cursor.execute(f"SET GLOBAL {name} = %s", (value,))
    assert chunk.data == b"1\tab\t\\N\ta\\\\b\\tc\n"
    assert chunk.warnings == {"zero_date": 1}
