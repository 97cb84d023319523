"""Private database servers for tests: PostgreSQL and MariaDB on free ports, thrown away at the end.

Owns their data directories, accounts and processes. A server and all its processes are gone when
the session ends, in whatever way: a sentinel process outlives a killed pytest just long enough to
end them, and the next session removes the directories such a one left. Refuses to touch any server
it has not started, and to be durable: a crash of the machine may lose everything.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg2
import pymysql

from arus_dagster.cli import sentinel
from arus_dagster.cli.account import may_run, unprivileged_account
from arus_dagster.cli.binaries import WHEEL, find_binaries
from arus_dagster.cli.process import Child, Port, Program, StartError, free_port
from arus_dagster.dialects.base import ConnectionSpec
from tests.certificates import Certificates

HOST = "127.0.0.1"
ADMIN = "test_admin"
USER = "arus"
PASSWORD = "p@s/:%#? é"  # odd on purpose: whoever builds a URL by hand finds out
READY_SECONDS = 60
LEAK_SECONDS = 10
DIRECTORY_PREFIX = "arus-tests-"

_numbers = itertools.count(1)


class LeakError(AssertionError):
    """A test left connections to its database open."""


@dataclass
class Database:
    """One test's own, empty database.

    Args:
        spec: how the platform reaches it, as an ordinary user that owns it.
    """

    spec: ConnectionSpec
    _open: Callable[..., Any] = field(repr=False)
    _opened: list[Any] = field(default_factory=list, repr=False)

    @property
    def name(self) -> str:
        return self.spec.database

    def connect(self, *, admin: bool = False, **options: Any) -> Any:
        """A driver's connection in autocommit mode, closed with the database.

        Args:
            admin: as the server's superuser rather than the owner.
            options: passed to the driver.
        """
        connection = self._open(self.name, admin=admin, **options)
        self._opened.append(connection)
        return connection

    def execute(self, *statements: str, admin: bool = False) -> None:
        """Run statements one by one; a ``%`` in them is only a ``%``."""
        with self._cursor(admin) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str, *, admin: bool = False) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._cursor(admin) as cursor:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    def value(self, query: str, *, admin: bool = False) -> Any:
        """The single value of a query."""
        ((value,),) = self.rows(query, admin=admin)
        return value

    @contextlib.contextmanager
    def _cursor(self, admin: bool) -> Iterator[Any]:
        connection = self._open(self.name, admin=admin)
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def close_connections(self) -> None:
        for connection in self._opened:
            with contextlib.suppress(psycopg2.Error, pymysql.Error):
                connection.close()
        self._opened.clear()


class Server:
    """What both kinds share: a directory, a process, and databases for tests.

    Args:
        root: a directory that an unprivileged account can pass through.
        tls: certificates to serve TLS with; None serves none.
    """

    kind: Literal["postgresql", "mariadb"]

    def __init__(self, root: Path, tls: Certificates | None = None) -> None:
        self.port = free_port()
        self.tls = tls
        self._account = unprivileged_account()
        self.directory = root / f"{self.kind}-{next(_numbers)}"
        self.directory.mkdir(mode=0o700)
        self._own(self.directory)
        self._child: Child | None = None
        self._sentinel: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, for the first time or again, and wait until it answers."""
        assert self._child is None, "already running"
        self._child = Child.start(self._program())
        self._watch(self._child)
        try:
            self._child.wait_ready(lambda: None)
        except StartError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in good order; nothing happens if it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._sentinel is not None:
            assert self._sentinel.stdin is not None
            self._sentinel.stdin.close()
            self._sentinel.wait()
            self._sentinel = None

    def kill(self) -> None:
        """End every process of the server with SIGKILL, as a crash would."""
        assert self._child is not None, "not running"
        os.killpg(self._child.process.pid, signal.SIGKILL)
        self.stop()

    def restart(self) -> None:
        """Stop, if it still runs, and start on the same port and data."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop and remove the data."""
        self.stop()
        shutil.rmtree(self.directory)

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[Database]:
        """A database for one test, dropped at the end.

        Args:
            template: a database of this server to copy, on PostgreSQL.

        Raises:
            LeakError: connections were left open when the test had ended.
        """
        database = self.create_database(f"arus_test_{next(_numbers)}", template)
        try:
            yield database
            database.close_connections()
            left = self._connections_left(database.name) if self._child is not None else []
            if left:
                raise LeakError(f"connections left open to {database.name}: {left}")
        finally:
            database.close_connections()
            if self._child is not None:
                self.drop_database(database.name)

    def create_database(self, name: str, template: str | None = None) -> Database:
        raise NotImplementedError

    def drop_database(self, name: str) -> None:
        raise NotImplementedError

    def connect(self, database: str, *, admin: bool = False, **options: Any) -> Any:
        raise NotImplementedError

    def spec(self, database: str) -> ConnectionSpec:
        """How the platform reaches ``database`` here."""
        return ConnectionSpec(
            type=self.kind,
            host=HOST,
            port=self.port,
            database=database,
            username=USER,
            password=PASSWORD,
        )

    def _program(self) -> Program:
        raise NotImplementedError

    def _list_connections(self, database: str) -> list[str]:
        raise NotImplementedError

    def _connections_left(self, database: str) -> list[str]:
        # A server forgets a closed connection a moment after the client closed it.
        deadline = time.monotonic() + LEAK_SECONDS
        while (left := self._list_connections(database)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def _answers(self, database: str) -> bool:
        try:
            self.connect(database, admin=True).close()
        except (psycopg2.OperationalError, pymysql.OperationalError):
            return False
        return True

    def _own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def _run(self, argv: list[str]) -> None:
        account = self._account
        result = subprocess.run(
            argv,
            env=_environment(),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if result.returncode != 0:
            raise StartError(f"{argv[0]} failed:\n{result.stdout}")

    def _watch(self, child: Child) -> None:
        if self._sentinel is None:
            self._sentinel = subprocess.Popen(
                [sys.executable, "-I", "-S", sentinel.__file__],
                stdin=subprocess.PIPE,
                start_new_session=True,
                env={},
            )
        assert self._sentinel.stdin is not None
        # Nobody is left to read the data: SIGKILL at once is the quickest end.
        self._sentinel.stdin.write(
            f"watch {child.process.pid} {signal.SIGKILL:d} group 5\n".encode()
        )
        self._sentinel.stdin.flush()


class PostgreSQLServer(Server):
    """A private PostgreSQL; ``arus`` is an ordinary user, ``test_admin`` the superuser."""

    kind = "postgresql"

    def __init__(self, root: Path, tls: Certificates | None = None) -> None:
        super().__init__(root, tls)
        self._data = self.directory / "data"
        self._binaries = self._runnable(find_binaries())
        password_file = self.directory / "password"
        password_file.write_text(PASSWORD + "\n")
        self._own(password_file)
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
            tls.write(self.directory, self._own)
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
            "listen_addresses": f"{HOST},::1" if _has_ipv6() else HOST,
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
        return Program(
            name="test PostgreSQL",
            argv=[
                str(self._binaries / "postgres"),
                "-D",
                str(self._data),
                *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()),
            ],
            env=_environment(),
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
        self._own(first_statements)
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
            tls.write(self.directory, self._own)
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
            "bind-address": f"{HOST},::1" if _has_ipv6() else HOST,
            "port": self.port,
            "max-connections": 300,
            "character-set-server": "utf8mb4",
            "innodb-buffer-pool-size": "128M",
            "innodb-flush-method": "nosync",
            "innodb-flush-log-at-trx-commit": 2,
            "innodb-doublewrite": 0,
            "innodb-log-file-size": "16M",
            "max-allowed-packet": "64M",
            "table-open-cache": 400,
            "default-time-zone": "-03:30",  # whoever forgets to set a zone finds out
            "sql-mode": "",  # so that zero dates and the like can be written
        }
        if self.tls is not None:
            options["ssl-cert"] = self.directory / "server.crt"
            options["ssl-key"] = self.directory / "server.key"
        return Program(
            name="test MariaDB",
            argv=[
                self._server,
                "--no-defaults",
                "--skip-name-resolve",
                "--skip-log-bin",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=_environment(),
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


def _environment() -> dict[str, str]:
    return {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin", "LC_ALL": "C"}


def _program_path(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=_environment()["PATH"])
        if found:
            return found
    raise StartError(f"No program {' or '.join(names)}: install MariaDB's server.")


def _has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text() != ""
