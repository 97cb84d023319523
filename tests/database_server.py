"""What a private database server of the tests is, whatever its kind.

Owns a server's directory, account and process, and the databases on it. A server and all its
processes are gone when the session ends, in whatever way: a sentinel process outlives a killed
pytest just long enough to end them. Refuses to touch any server it has not started.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg2
import pymysql

from arus_dagster.cli import sentinel
from arus_dagster.cli.account import unprivileged_account
from arus_dagster.cli.process import Child, Program, StartError, free_port
from arus_dagster.dialects.base import ConnectionSpec
from tests.certificates import Certificates

HOST = "127.0.0.1"
ADMIN = "test_admin"
USER = "arus"
PASSWORD = "p@s/:%#? é"  # odd on purpose: whoever builds a URL by hand finds out
READY_SECONDS = 60
LEAK_SECONDS = 10

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
        self.own(self.directory)
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

    @property
    def pid(self) -> int:
        """The server's first process, whose children are all the others."""
        assert self._child is not None, "not running"
        return self._child.process.pid

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

    def own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def _run(self, argv: list[str]) -> None:
        account = self._account
        result = subprocess.run(
            argv,
            env=environment(),
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


def environment() -> dict[str, str]:
    """What a server's programs are told; nothing of the caller's own."""
    return {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin", "LC_ALL": "C"}


def has_ipv6() -> bool:
    """Whether ::1 can be listened on."""
    return Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text() != ""
