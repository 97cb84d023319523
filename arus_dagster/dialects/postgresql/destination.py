"""PostgreSQL as a warehouse: tested, and opened for the load of one table.

Owns the load's one transaction: its settings, and the lock that lets only one load of a table run
at a time, which the server frees when the transaction ends in whatever way. Changes of a table's
columns go beside it, each in a short transaction of its own. Nothing is kept in a session, so that
a transaction pooler may stand in between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

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
            return replace(connection.report(), identity=_identity(connection))

    @contextlib.contextmanager
    def load(self, table_id: str, run_id: str, lock_timeout_seconds: int) -> Iterator[Connection]:
        """The open transaction of one table's load, alone with the table.

        Whoever opens it commits; whatever is not committed when the block ends is gone.

        Args:
            table_id: the pipeline table; another load of it waits.
            run_id: what the target's ``_arus_run_id`` is filled with.
            lock_timeout_seconds: how long any lock is waited for.

        Raises:
            RetriableError: another load of the table is still running.
        """
        with self._open("arus load", None) as connection:
            settings = {
                "arus.run_id": run_id,
                "lock_timeout": f"{int(lock_timeout_seconds)}s",
                "maintenance_work_mem": _BUILD_MEMORY,
            }
            connection.begin(settings=settings)
            lock = f"hashtextextended({literal('arus ' + table_id)}, 0)"
            try:
                connection.execute(f"SELECT pg_advisory_xact_lock({lock})")
            except RetriableError as error:
                raise RetriableError(
                    f"another load of this table is still running ({error.message})"
                ) from None
            yield connection

    @contextlib.contextmanager
    def apart(self, lock_timeout_seconds: int) -> Iterator[Connection]:
        """A short transaction beside a load's, committed at the end of the block.

        For changes of tables that readers hold open, whose locks a load must not keep.
        """
        with (
            self._open("arus change", None) as connection,
            connection.transaction(settings={"lock_timeout": f"{int(lock_timeout_seconds)}s"}),
        ):
            yield connection

    def identity(self) -> str | None:
        """What the server says of itself and of this database; see ``ServerReport``.

        Raises:
            ConnectionFailedError, CredentialsError: as ``test``.
        """
        with self._open("arus test", float(self._spec.read_timeout_seconds)) as connection:
            return _identity(connection)

    def _open(self, application: str, silence_seconds: float | None) -> Connection:
        return Connection(self._spec, application=application, silence_seconds=silence_seconds)


def _identity(connection: Connection) -> str | None:
    allowed = connection.value(
        "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
    )
    if not allowed:
        return None
    found = connection.value(
        "SELECT format('%s/%s', (pg_control_system()).system_identifier, oid)"
        " FROM pg_database WHERE datname = current_database()"
    )
    return str(found)
