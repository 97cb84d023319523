"""The tests' own servers: reachable, separate, restartable, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pymysql
import pytest

from arus_dagster.cli.sentinel import group_alive
from tests.servers import (
    HOST,
    Database,
    LeakError,
    MariaDBServer,
    PostgreSQLServer,
    session_directory,
)

ROOT = Path(__file__).parent.parent.parent


def test_each_database_is_fresh_and_its_owner_is_no_superuser(
    pg_source_db: Database, warehouse_db: Database, mariadb_db: Database
) -> None:
    assert pg_source_db.name != warehouse_db.name
    for database in (pg_source_db, warehouse_db, mariadb_db):
        database.execute("CREATE TABLE t (v varchar(10))", "INSERT INTO t VALUES ('100%')")
        assert database.rows("SELECT v FROM t WHERE v LIKE '%'") == [("100%",)]
    assert pg_source_db.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(pymysql.Error, match="denied"):
        mariadb_db.execute("CREATE DATABASE elsewhere")


def test_a_password_is_asked_for(mariadb_db: Database, warehouse_db: Database) -> None:
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        mariadb_db.connect(password="wrong")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        warehouse_db.connect(password="wrong")


def test_a_connection_left_open_fails_the_test_that_left_it(
    postgres_server: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.database_server.LEAK_SECONDS", 0.1)
    with (
        pytest.raises(LeakError, match="left open"),
        postgres_server.database() as database,
    ):
        leaked = postgres_server.connect(database.name)
    with pytest.raises(psycopg2.Error), leaked.cursor() as cursor:
        cursor.execute("SELECT 1")  # the database was dropped all the same
    leaked.close()


def test_a_killed_server_comes_back_with_its_data() -> None:
    with session_directory() as directory:
        for server in (PostgreSQLServer(directory), MariaDBServer(directory)):
            try:
                with server.database() as database:
                    database.execute("CREATE TABLE t (v int)", "INSERT INTO t VALUES (1)")
                    server.kill()
                    with pytest.raises((psycopg2.OperationalError, pymysql.OperationalError)):
                        database.connect()
                    server.restart()
                    assert database.value("SELECT v FROM t") == 1
            finally:
                server.remove()
    assert not directory.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_a_pytest_that_is_killed(number: signal.Signals, tmp_path: Path) -> None:
    report = tmp_path / "report"
    test_file = tmp_path / "test_inner.py"
    test_file.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "def test_inner(postgres_server, mariadb_server):\n"
        "    pids = [s._child.process.pid for s in (postgres_server, mariadb_server)]\n"
        "    partial = Path(REPORT + '.partial')\n"
        "    partial.write_text(' '.join([*map(str, pids), str(postgres_server.directory)]))\n"
        "    partial.rename(REPORT)\n"
        "    time.sleep(120)\n".replace("REPORT", repr(str(report)))
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", str(test_file)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        _wait_for(report.exists, seconds=90)
        first, second, directory = report.read_text().split(" ", 2)
        process.send_signal(number)
        process.wait(60)
        _wait_for(lambda: not group_alive(int(first)) and not group_alive(int(second)), seconds=60)
    finally:
        process.kill()
        process.wait()
    if number == signal.SIGKILL:
        with session_directory():
            assert not Path(directory).exists()
    else:
        assert not Path(directory).exists()


def test_the_postgresql_servers_own_defaults_are_hostile(postgres_server: PostgreSQLServer) -> None:
    connection = postgres_server.connect("postgres", host=HOST)
    with connection.cursor() as cursor:
        cursor.execute("SHOW timezone")
        assert cursor.fetchone() == ("America/St_Johns",)
    connection.close()


def _wait_for(condition, seconds: float) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
