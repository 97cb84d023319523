"""A session with MySQL or MariaDB that can be bounded, cancelled, and never leaks a secret.

Owns fixed session settings and cancellation from another thread. Every driver error leaves here
as one of this project's. Refuses to know what a statement means.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType

import pymysql

from arus_dagster.dialects.base import ConnectionSpec, ServerReport
from arus_dagster.dialects.mysql.driver_errors import server_error
from arus_dagster.dialects.mysql.login import error_parts, log_in
from arus_dagster.dialects.mysql.row_stream import ProtocolError, RowStream, ServerError
from arus_dagster.errors import ArusError, CancelledError, ConnectionFailedError

# Text forms, comparisons and limits must not depend on how a server or an account is set up.
_SETTINGS = {
    "sql_mode": "''",
    "time_zone": "'+00:00'",
    "sql_auto_is_null": "0",
    "sql_big_selects": "1",
    "sql_safe_updates": "0",
    "sql_select_limit": "18446744073709551615",  # DEFAULT would be the global one
}
_MARIADB_SETTINGS = {"tx_isolation": "'REPEATABLE-READ'"}
_MYSQL_SETTINGS = {"transaction_isolation": "'REPEATABLE-READ'"}
# How long a warehouse may take over a chunk or a merge, while the server waits to send or be asked.
_WAITS = ("net_write_timeout", "net_read_timeout", "wait_timeout")
_WHICH_SERVER = "CONCAT_WS(':', @@hostname, @@port, @@server_id)"


class Connection:
    """One session with a server.

    Args:
        spec: how to reach it.
        application: what the server shows as the program's name.

    Raises:
        ConnectionFailedError: not reached; the message names the cause.
        CredentialsError: reached, but refused.
        ConfigurationError: the TLS texts or the credentials can't be used at all.
    """

    def __init__(self, spec: ConnectionSpec, *, application: str = "arus") -> None:
        self._spec = spec
        self._cancelled = threading.Event()
        self._session = log_in(spec, application)
        try:
            # From the greeting: until the settings stand, even a SELECT may yield no row.
            self.is_mariadb = "mariadb" in self._session.greeting.lower()
            settings = _SETTINGS | (_MARIADB_SETTINGS if self.is_mariadb else _MYSQL_SETTINGS)
            settings |= dict.fromkeys(_WAITS, str(spec.read_limit_seconds))
            settings |= self._limit(spec.read_timeout_seconds)
            self._set(settings)
            about = self.row(f"SELECT VERSION(), @@max_allowed_packet, {_WHICH_SERVER}")
            version, limit, self._server = about or (None, None, None)
            self.server_version = version or ""
            self.max_allowed_packet = int(limit or 0)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def report(self) -> ServerReport:
        """What the server says of itself and of this session."""
        return ServerReport(self.server_version, self._session.tls)

    def _limit(self, seconds: int) -> dict[str, str]:
        """The setting by which the server itself gives a statement up after so long.

        It notices that a client is gone only when it sends something, and works on until then.
        """
        if self.is_mariadb:
            return {"max_statement_time": str(seconds)}
        return {"max_execution_time": str(seconds * 1000)}

    def _set(self, settings: Mapping[str, str]) -> None:
        self.execute("SET " + ", ".join(f"SESSION {k} = {v}" for k, v in settings.items()))

    def execute(self, sql: str) -> None:
        """Run a statement."""
        self.rows(sql)

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """All rows of a query, or of all queries of a compound statement, every value as the
        server's text."""
        found: list[tuple[str | None, ...]] = []
        with self._statement(), self._session.driver.cursor() as cursor:
            cursor.execute(sql)
            while True:
                found += [
                    tuple(None if v is None else v.decode("utf-8", "replace") for v in row)
                    for row in cursor.fetchall()
                ]
                if not cursor.nextset():
                    return found

    def row(self, sql: str) -> tuple[str | None, ...] | None:
        """The first row of a query, or None."""
        found = self.rows(sql)
        return found[0] if found else None

    def value(self, sql: str) -> str | None:
        """The first value of a query's first row, or None."""
        found = self.row(sql)
        return found[0] if found else None

    def lines(
        self, sql: str, join: Callable[[Sequence[bytes | None]], bytes], chunk_bytes: int
    ) -> Iterator[list[bytes]]:
        """The first column of a query's rows, unbuffered, in lists of about ``chunk_bytes``.

        Ending it early cuts the connection off, because the server would go on sending.

        Args:
            join: makes the line of a row whose first column is NULL from its further columns.
        """
        self._set(self._limit(self._spec.read_limit_seconds))
        wire = self._session.wire
        stream = RowStream(wire.sendall, wire.recv, join)
        try:
            with self._statement():
                for lines in stream.lines(sql, chunk_bytes):
                    self._check_cancelled()
                    yield lines
        finally:
            if not stream.finished:
                self._abandon()

    def cancel(self) -> None:
        """Stop what runs here, from another thread; it and all later statements raise
        ``CancelledError``."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._abandon()

    def close(self) -> None:
        """End the session; nothing happens if it has ended."""
        self._session.close()

    def _abandon(self) -> None:
        """Cut the connection off, and have the server stop what it does for it.

        A server notices a lost client only when it sends something; until then it works on.
        """
        self._session.sever()
        threading.Thread(target=self._kill, name="arus-mysql-kill", daemon=True).start()

    def _kill(self) -> None:
        # Best effort: what fails to be killed ends by itself, at the latest when it sends.
        with contextlib.suppress(ArusError, pymysql.Error, OSError):
            second = log_in(self._spec, "arus cancel")
            try:
                with second.driver.cursor() as cursor:
                    # Behind a balancer the number may be somebody else's, on another server.
                    cursor.execute(f"SELECT {_WHICH_SERVER}")
                    answer = cursor.fetchone()
                if answer is not None and answer[0].decode() == self._server:
                    second.kill(self._session)
            finally:
                second.close()

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError("cancelled")

    @contextlib.contextmanager
    def _statement(self) -> Iterator[None]:
        self._check_cancelled()
        try:
            yield
        except (pymysql.Error, ServerError, ProtocolError, OSError) as error:
            self._check_cancelled()
            raise self._translated(error) from None
        except RuntimeError:
            # So the driver tells of a server that asks for a file of this machine.
            raise ConnectionFailedError(
                f"{self._spec.host}:{self._spec.port} asked for a local file, and got none"
            ) from None

    def _translated(self, error: Exception) -> ArusError:
        if isinstance(error, TimeoutError):
            return ConnectionFailedError(
                f"{self._spec.host}:{self._spec.port} did not answer in time"
                f" ({self._spec.read_timeout_seconds} s)"
            )
        if isinstance(error, pymysql.Error) and not isinstance(error, pymysql.err.InterfaceError):
            return server_error(*error_parts(error), self._spec)
        if isinstance(error, ServerError):
            return server_error(error.code, error.message, self._spec)
        reason = "it is closed" if isinstance(error, pymysql.Error) else str(error)
        return ConnectionFailedError(
            f"the connection to {self._spec.host}:{self._spec.port} broke: {reason}"
        )
