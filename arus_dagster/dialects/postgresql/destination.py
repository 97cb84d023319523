"""PostgreSQL as a warehouse: tested, and opened for the load of one table.

Owns the load's session: its settings, and the lock that lets only one load of a table run at a
time, which the server frees when the session ends in whatever way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from arus_dagster.dialects.base import ConnectionSpec, ServerReport
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import literal
from arus_dagster.errors import CredentialsError, RetriableError

_BUILD_MEMORY = "128MB"


class PostgresDestination:
    """A PostgreSQL database that is loaded.

    Args:
        spec: how to reach it.
    """

    def __init__(self, spec: ConnectionSpec) -> None:
        self._spec = spec

    def test(self) -> ServerReport:
        """Connect and show that schemas and temporary tables can be made.

        Raises:
            ConnectionFailedError: not reached; the message names the cause, never the secret.
            CredentialsError: reached, but refused, or a privilege is missing.
        """
        with self._open("arus test", float(self._spec.read_timeout_seconds)) as connection:
            may = connection.row(
                "SELECT current_database(),"
                " has_database_privilege(current_database(), 'CREATE'),"
                " has_database_privilege(current_database(), 'TEMPORARY')"
            )
            assert may is not None  # a query without FROM yields one row
            for allowed, privilege in ((may[1], "CREATE"), (may[2], "TEMPORARY")):
                if not allowed:
                    raise CredentialsError(
                        f"{self._spec.username} lacks the privilege {privilege}"
                        f" on the database {may[0]}"
                    )
            return connection.report()

    @contextlib.contextmanager
    def session(
        self, table_id: str, run_id: str, lock_timeout_seconds: int
    ) -> Iterator[Connection]:
        """A session for the load of one table, alone with it.

        Args:
            table_id: the pipeline table; another load of it waits.
            run_id: what the target's ``_arus_run_id`` is filled with.
            lock_timeout_seconds: how long any lock is waited for.

        Raises:
            RetriableError: another load of the table is still running.
        """
        with self._open("arus load", None) as connection:
            connection.execute(
                f"SELECT set_config('arus.run_id', {literal(run_id)}, false),"
                f" set_config('lock_timeout', '{int(lock_timeout_seconds)}s', false),"
                f" set_config('maintenance_work_mem', '{_BUILD_MEMORY}', false)"
            )
            try:
                connection.execute(
                    f"SELECT pg_advisory_lock(hashtextextended({literal('arus ' + table_id)}, 0))"
                )
            except RetriableError as error:
                raise RetriableError(
                    f"another load of this table is still running ({error.message})"
                ) from None
            yield connection

    def _open(self, application: str, silence_seconds: float | None) -> Connection:
        return Connection(self._spec, application=application, silence_seconds=silence_seconds)
