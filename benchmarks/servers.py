"""The databases that are measured: private, throwaway, of the size of a small real one.

Owns what is set otherwise than for tests, alike for every side of a comparison.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from arus_dagster.cli.process import Program
from tests.servers import Database, MariaDBServer, PostgreSQLServer, session_directory

_POSTGRESQL = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "256MB",
    "work_mem": "16MB",
    "checkpoint_timeout": "1h",
    "timezone": "UTC",
    "jit": "off",
}
_MARIADB = {
    "innodb-buffer-pool-size": "1G",
    "innodb-log-file-size": "512M",
    "default-time-zone": "+00:00",
    "table-open-cache": "4000",
}


class BenchPostgreSQL(PostgreSQLServer):
    """PostgreSQL with the memory that a warehouse would be given at the least."""

    def _program(self) -> Program:
        program = super()._program()
        return replace(
            program, argv=[*program.argv, *(f"--{k}={v}" for k, v in _POSTGRESQL.items())]
        )


class BenchMariaDB(MariaDBServer):
    """MariaDB likewise."""

    def _program(self) -> Program:
        program = super()._program()
        return replace(program, argv=[*program.argv, *(f"--{k}={v}" for k, v in _MARIADB.items())])


class Servers:
    """Servers, each started when it is first asked for.

    Args:
        root: where their data goes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def postgresql(self) -> PostgreSQLServer:
        return BenchPostgreSQL(self.root)

    @cached_property
    def mariadb(self) -> MariaDBServer:
        return BenchMariaDB(self.root)

    def stop(self) -> None:
        """Stop what was started and remove the data."""
        for name in ("postgresql", "mariadb"):
            if name in self.__dict__:
                self.__dict__.pop(name).remove()


@contextlib.contextmanager
def private_servers() -> Iterator[Servers]:
    """Servers that are gone afterwards, whatever happens."""
    with session_directory() as root:
        servers = Servers(root)
        try:
            yield servers
        finally:
            servers.stop()


def settle(database: Database) -> None:
    """Write out what waits in a PostgreSQL, so that no side pays for the one before it."""
    if database.spec.type == "postgresql":
        database.execute("CHECKPOINT", admin=True)
