"""Private database servers for tests: PostgreSQL and MariaDB on free ports, thrown away at the end.

Owns how each kind is set up and asked. Refuses to be durable: a crash of the machine may lose
everything. Directories that a killed session left are removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pymysql

from arus_dagster.cli.account import may_run
from arus_dagster.cli.binaries import WHEEL, find_binaries
from arus_dagster.cli.process import Port, Program, StartError
from tests.certificates import Certificates
from tests.database_server import (
    ADMIN,
    HOST,
    PASSWORD,
    READY_SECONDS,
    USER,
    Database,
    LeakError,
    Server,
    environment,
    has_ipv6,
)

__all__ = [
    "HOST",
    "PASSWORD",
    "USER",
    "Database",
    "LeakError",
    "MariaDBServer",
    "PostgreSQLServer",
    "session_directory",
]
DIRECTORY_PREFIX = "arus-tests-"


class PostgreSQLServer(Server):
    """A private PostgreSQL; ``arus`` is an ordinary user, ``test_admin`` the superuser."""

    kind = "postgresql"

    def __init__(self, root: Path, tls: Certificates | None = None) -> None:
        super().__init__(root, tls)
        self._data = self.directory / "data"
        self._binaries = self._runnable(find_binaries())
        password_file = self.directory / "password"
        password_file.write_text(PASSWORD + "\n")
        self.own(password_file)
        self._run(
            [
                str(self._binaries / "initdb"),
                f"--pgdata={self._data}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",  # ``C`` sorts by bytes; tests of collations name their own
                "--no-sync",
            ]
        )
        if tls is not None:
            tls.write(self.directory, self.own)
        self.start()
        connection = self.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD %s", (PASSWORD,))
        connection.close()

    def connect(self, database: str, *, admin: bool = False, **options: Any) -> Any:
        """A psycopg2 connection in autocommit mode."""
        arguments: dict[str, Any] = {
            "host": HOST,
            "port": self.port,
            "user": ADMIN if admin else USER,
            "password": PASSWORD,
            "dbname": database,
            "connect_timeout": 10,
            "application_name": "test",
        }
        connection = psycopg2.connect(**{**arguments, **options})
        connection.autocommit = True
        return connection

    def create_database(self, name: str, template: str | None = None) -> Database:
        connection = self.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(
                f'CREATE DATABASE "{name}" OWNER {USER} TEMPLATE {template or "template0"}'
            )
        connection.close()
        return Database(self.spec(name), self.connect)

    def drop_database(self, name: str) -> None:
        connection = self.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.close()

    @contextlib.contextmanager
    def access(self, rules: str) -> Iterator[None]:
        """Put rules of ``pg_hba.conf`` before all others for the time of the block."""
        file = self._data / "pg_hba.conf"
        usual = file.read_text()
        self._reload(file, f"{rules}\n{usual}")
        try:
            yield
        finally:
            self._reload(file, usual)

    def _reload(self, file: Path, text: str) -> None:
        file.write_text(text)
        connection = self.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_reload_conf()")
            # The server reads the file a moment later; this view reads it at once and says whether
            # it can be used.
            cursor.execute("SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL")
            assert cursor.fetchall() == []
            cursor.execute("SELECT pg_sleep(0.3)")
        connection.close()

    def _list_connections(self, database: str) -> list[str]:
        connection = self.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT application_name || ': ' || state || ': ' || left(query, 200)"
                " FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                (database,),
            )
            left = [row[0] for row in cursor.fetchall()]
        connection.close()
        return left

    def _program(self) -> Program:
        options = {
            "listen_addresses": f"{HOST},::1" if has_ipv6() else HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 300,
            "fsync": "off",  # a commit still outlives the processes, as fault tests need
            "full_page_writes": "off",
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "autovacuum": "off",
            "password_encryption": "scram-sha-256",
            "timezone": "America/St_Johns",  # whoever forgets to set a zone finds out
            "lc_messages": "C",
        }
        if self.tls is not None:
            options["ssl"] = "on"
            options["ssl_cert_file"] = str(self.directory / "server.crt")
            options["ssl_key_file"] = str(self.directory / "server.key")
            # Clients' certificates are asked for, and checked where one is shown.
            options["ssl_ca_file"] = str(self.directory / "ca.crt")
        return Program(
            name="test PostgreSQL",
            argv=[
                str(self._binaries / "postgres"),
                "-D",
                str(self._data),
                *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()),
            ],
            env=environment(),
            log=self.directory / "log",
            ready=lambda: self._answers("postgres"),
            ready_seconds=READY_SECONDS,
            ports=[Port(self.port, "none")],
            cwd=self._data,
            account=self._account,
            stop_signal=signal.SIGINT,
            signal_group=False,
        )

    def _runnable(self, binaries: Path) -> Path:
        """The binaries, copied if the account can't reach them where they are."""
        if self._account is None or may_run(binaries / "postgres", self._account):
            return binaries
        copy = self.directory / "programs"
        shutil.copytree(binaries.parent, copy / WHEEL / binaries.parent.name, symlinks=True)
        libraries = binaries.parent.parent.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / WHEEL / binaries.parent.name / "bin"


class MariaDBServer(Server):
    """A private MariaDB; ``arus`` may do everything in ``arus_test_…`` databases."""

    kind = "mariadb"

    def __init__(self, root: Path, tls: Certificates | None = None) -> None:
        super().__init__(root, tls)
        self._data = self.directory / "data"
        self._server = _program_path("mariadbd", "mysqld")
        installer = _program_path("mariadb-install-db", "mysql_install_db")
        first_statements = self.directory / "users.sql"
        password = PASSWORD.replace("'", "''")
        first_statements.write_text(
            "SET NAMES utf8mb4;\n"
            "FLUSH PRIVILEGES;\n"  # accounts are switched off while the tables are made
            f"CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;\n"
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{password}';\n"
            f"GRANT ALL PRIVILEGES ON `arus\\_test\\_%`.* TO '{USER}'@'%';\n"
        )
        self.own(first_statements)
        self._run(
            [
                installer,
                "--no-defaults",
                f"--datadir={self._data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                "--innodb-log-file-size=16M",
                "--innodb-flush-method=nosync",
                f"--extra-file={first_statements}",
            ]
        )
        if tls is not None:
            tls.write(self.directory, self.own)
        self.start()

    def connect(self, database: str, *, admin: bool = False, **options: Any) -> Any:
        """A PyMySQL connection in autocommit mode."""
        arguments: dict[str, Any] = {
            "host": HOST,
            "port": self.port,
            "user": ADMIN if admin else USER,
            # PyMySQL sends text passwords as latin1, while servers keep them as UTF-8.
            "password": PASSWORD.encode(),
            "database": database,
            "charset": "utf8mb4",
            "connect_timeout": 10,
            "autocommit": True,
        }
        return pymysql.connect(**{**arguments, **options})

    def create_database(self, name: str, template: str | None = None) -> Database:
        assert template is None, "MariaDB knows no templates"
        connection = self.connect("mysql", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        connection.close()
        return Database(self.spec(name), self.connect)

    def drop_database(self, name: str) -> None:
        connection = self.connect("mysql", admin=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for (connection_id,) in cursor.fetchall():
                with contextlib.suppress(pymysql.Error):  # it may be gone by itself
                    cursor.execute(f"KILL {connection_id}")
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        connection.close()

    def _list_connections(self, database: str) -> list[str]:
        connection = self.connect("mysql", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT concat_ws(': ', user, command, left(info, 200))"
                " FROM information_schema.processlist WHERE db = %s AND command <> 'Killed'",
                (database,),
            )
            left = [row[0] for row in cursor.fetchall()]
        connection.close()
        return left

    def _program(self) -> Program:
        options = {
            "datadir": self._data,
            "socket": "server.sock",  # relative to the data: a long path would not fit
            "pid-file": "server.pid",
            "bind-address": f"{HOST},::1" if has_ipv6() else HOST,
            "port": self.port,
            "max-connections": 300,
            "character-set-server": "utf8mb4",
            "innodb-buffer-pool-size": "128M",
            "innodb-flush-method": "nosync",
            "innodb-flush-log-at-trx-commit": 2,
            "innodb-doublewrite": 0,
            "sync-frm": 0,
            "innodb-log-file-size": "16M",
            "max-allowed-packet": "64M",
            "table-open-cache": 400,
            "default-time-zone": "-03:30",  # whoever forgets to set a zone finds out
            "sql-mode": "",  # so that zero dates and the like can be written
        }
        if self.tls is not None:
            options["ssl-cert"] = self.directory / "server.crt"
            options["ssl-key"] = self.directory / "server.key"
            options["ssl-ca"] = self.directory / "ca.crt"
        return Program(
            name="test MariaDB",
            argv=[
                self._server,
                "--no-defaults",
                "--skip-name-resolve",
                "--skip-log-bin",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=environment(),
            log=self.directory / "log",
            ready=lambda: self._answers("mysql"),
            ready_seconds=READY_SECONDS,
            ports=[Port(self.port, "none")],
            cwd=self._data,
            account=self._account,
            signal_group=False,
        )


@contextlib.contextmanager
def session_directory() -> Iterator[Path]:
    """A directory for servers; those that killed sessions left are removed first."""
    parent = Path(tempfile.gettempdir())
    for old in parent.glob(f"{DIRECTORY_PREFIX}*-*"):
        owner = old.name.removeprefix(DIRECTORY_PREFIX).split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix=f"{DIRECTORY_PREFIX}{os.getpid()}-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _program_path(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=environment()["PATH"])
        if found:
            return found
    raise StartError(f"No program {' or '.join(names)}: install MariaDB's server.")
