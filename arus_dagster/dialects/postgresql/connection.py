"""A connection to PostgreSQL that can be bounded, cancelled from outside, and never leaks a secret.

Owns connecting (TLS, time limits, keepalive), settings, and cancellation from another thread.
Every driver error leaves here as one of this project's. Refuses to know what a statement means,
and to leave anything in a session: behind a pooler the next transaction may be another session's,
and what is left in this one somebody else's. So settings are each transaction's own.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol

import psycopg2
import psycopg2.extensions

from arus_dagster.dialects.base import ConnectionSpec, ServerReport
from arus_dagster.dialects.postgresql.driver_errors import connect_error, statement_error
from arus_dagster.dialects.postgresql.names import literal
from arus_dagster.errors import (
    ArusError,
    CancelledError,
    ConfigurationError,
    ConnectionFailedError,
)

# Text forms must not depend on how a server, database or role is set up.
SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
# Named, for a database or role may have another one as its default.
READ_COMMITTED = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_CANCEL_EVERY_SECONDS = 0.5
_CANCEL_PATIENCE_SECONDS = 5.0
# SSLRequest of the protocol: a length of 8 bytes and the number that stands for the question.
_TLS_QUESTION = struct.pack("!ii", 8, 80877103)
_KEEPALIVE_IDLE_SECONDS = 30
_KEEPALIVE_INTERVAL_SECONDS = 10
_KEEPALIVE_COUNT = 3
_CLIENT_CHECKS_SINCE = 140000
# A statement whose client is gone ends. It would else work or wait on, with all its locks, until it
# has something to send. Other systems than Linux may not be able to tell.
_END_WITH_CLIENT = (
    "CASE WHEN version() ~ 'linux'"
    " THEN set_config('client_connection_check_interval', '2s', true) END"
)
_COPY_READ_BYTES = 1 << 20


class Writable(Protocol):
    """Where COPY puts its lines, as bytes."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes; called once a row."""


class Apart(Protocol):
    """Opens a short transaction beside a load's: ``with apart() as connection``."""

    def __call__(self) -> AbstractContextManager[Connection]:
        """Commits at the end of the block, or keeps nothing of it."""


class _Parts:
    """A stream as the driver reads it; keeps the exception that the driver would swallow."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self.error: BaseException | None = None

    def read(self, _size: int = -1, /) -> bytes:
        try:
            return next(self._parts, b"")
        except BaseException as error:
            self.error = error
            raise


class Connection:
    """One session with a server.

    Args:
        spec: how to reach it.
        application: what the server shows as the client's name.
        silence_seconds: how long a statement may run without an answer before the connection is
            cut; None waits as long as the server lives.

    Raises:
        ConnectionFailedError: not reached; the message names the cause.
        CredentialsError: reached, but refused.
        ConfigurationError: the TLS texts or the credentials can't be used at all.
    """

    def __init__(
        self,
        spec: ConnectionSpec,
        *,
        application: str = "arus",
        silence_seconds: float | None = None,
    ) -> None:
        self._spec = spec
        self._silence_seconds = silence_seconds
        self._cancelled = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._timed_out = False
        self._raw = _connect(spec, application)
        self._raw.autocommit = True

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def server_version(self) -> int:
        """E.g. 150003."""
        return int(self._raw.server_version)

    @property
    def speaks_utf8(self) -> bool:
        """Whether texts cross this connection as UTF-8, which a pooler between might change."""
        return self._raw.get_parameter_status("client_encoding") == "UTF8"

    def report(self) -> ServerReport:
        """What the server says of itself and of this session."""
        return ServerReport(
            server_version=str(self._raw.get_parameter_status("server_version")),
            tls=bool(self._raw.info.ssl_in_use),
        )

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> int:
        """Run a statement; the number of rows it touched, as the server counts."""
        with self._statement() as cursor:
            cursor.execute(sql, parameters)
            return int(cursor.rowcount)

    def rows(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._statement() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def row(self, sql: str, parameters: Sequence[Any] | None = None) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Sequence[Any] | None = None) -> Any:
        """The first value of a query's first row, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def copy_in(self, sql: str, data: bytes) -> int:
        """Send lines to a ``COPY … FROM STDIN``; the number of rows the server took."""
        with self._statement() as cursor:
            cursor.copy_expert(sql, io.BytesIO(data), _COPY_READ_BYTES)
            return int(cursor.rowcount)

    def copy_in_parts(self, sql: str, parts: Iterator[bytes]) -> int:
        """Send a stream to a ``COPY … FROM STDIN``; the number of rows the server took.

        What ``parts`` raises ends the COPY and comes out as it is; its silence is its own to watch.
        """
        source = _Parts(parts)
        try:
            with self._statement(limited=False) as cursor:
                # Binary streams have no lines, whatever the driver's stubs ask for.
                cursor.copy_expert(sql, source, _COPY_READ_BYTES)  # type: ignore[arg-type]
                return int(cursor.rowcount)
        except ArusError:
            if source.error is not None:
                raise source.error from None
            raise

    def copy_out(self, sql: str, sink: Writable) -> int:
        """Pass a ``COPY … TO STDOUT`` to ``sink`` as it arrives; ``sink`` watches for silence.

        Returns:
            how many rows the server sent, by its own count.
        """
        with self._statement(limited=False) as cursor:
            cursor.copy_expert(sql, sink)
            return int(cursor.rowcount)

    def begin(self, how: str = READ_COMMITTED, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        """Open a transaction in which text forms and limits are as this project needs them.

        Args:
            how: the statement; ``settings`` are applied, and a snapshot is taken, with it.
            settings: further ones for this transaction, or other values of the usual ones.
        """
        values = ", ".join(
            f"set_config({literal(name)}, {literal(value)}, true)"
            for name, value in (SETTINGS | dict(settings)).items()
        )
        if self.server_version >= _CLIENT_CHECKS_SINCE:
            values += f", {_END_WITH_CLIENT}"
        self.execute(f"{how}; SELECT {values}")

    @contextlib.contextmanager
    def transaction(
        self, how: str = READ_COMMITTED, settings: Mapping[str, str] = NO_SETTINGS
    ) -> Iterator[None]:
        """A block that commits at its end, or rolls back and keeps nothing; see ``begin``."""
        self.begin(how, settings)
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise

    def rollback(self) -> None:
        """End the transaction, keeping nothing of it; a broken connection has ended it already."""
        if self._raw.closed:
            return
        try:
            with self._raw.cursor() as cursor:
                cursor.execute("ROLLBACK")
        except psycopg2.Error:
            self.close()

    def cancel(self) -> None:
        """Stop what runs here, from another thread; it and all later statements raise
        ``CancelledError``. A server that does not react is cut off."""
        if self._cancelled.is_set():
            return
        self._cancelled.set()
        threading.Thread(target=self._press, name="arus-cancel", daemon=True).start()

    def interrupt(self) -> None:
        """Ask the server once, from another thread, to give up what runs here.

        The statement fails with a ``RetriableError``, unless it ends by itself first; then the
        request may meet the next one.
        """
        with contextlib.suppress(psycopg2.Error):
            self._raw.cancel()

    def sever(self) -> None:
        """Cut the connection off; a call that waits on it fails at once."""
        with contextlib.suppress(psycopg2.Error, OSError):
            line = socket.socket(fileno=os.dup(self._raw.fileno()))
            try:
                line.shutdown(socket.SHUT_RDWR)
            finally:
                line.close()

    def time_out(self) -> None:
        """Cut the connection off because the server has been silent for too long."""
        self._timed_out = True
        self.sever()

    def close(self) -> None:
        """End the session; nothing happens if it has ended."""
        if not self._raw.closed:
            self._raw.close()

    def _press(self) -> None:
        # A request that arrives between two statements is lost on the server: so again and again.
        waited = 0.0
        while waited < _CANCEL_PATIENCE_SECONDS and self._server_answers():
            with contextlib.suppress(psycopg2.Error):
                self._raw.cancel()
            if self._idle.wait(_CANCEL_EVERY_SECONDS):
                return
            waited += _CANCEL_EVERY_SECONDS
        self.sever()

    def _server_answers(self) -> bool:
        """Whether a cancel request would get through.

        The driver sends one without a time limit, and no other thread runs meanwhile: on a silent
        network the whole process would stand still. So the server is asked before whether it
        speaks TLS, which each answers at once and without a login.
        """
        try:
            with socket.create_connection(
                (self._spec.host, self._spec.port), _CANCEL_PATIENCE_SECONDS
            ) as line:
                line.sendall(_TLS_QUESTION)
                return bool(line.recv(1))
        except OSError:
            return False

    @contextlib.contextmanager
    def _statement(self, *, limited: bool = True) -> Iterator[psycopg2.extensions.cursor]:
        if self._cancelled.is_set():
            raise CancelledError("cancelled")
        self._idle.clear()
        guard: threading.Timer | None = None
        if limited and self._silence_seconds is not None:
            guard = threading.Timer(self._silence_seconds, self.time_out)
            guard.daemon = True
            guard.start()
        try:
            with self._raw.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise self._translated(error) from None
        finally:
            if guard is not None:
                guard.cancel()
            self._idle.set()

    def _translated(self, error: psycopg2.Error) -> Exception:
        if self._cancelled.is_set():
            return CancelledError("cancelled")
        if self._timed_out:
            return ConnectionFailedError(
                f"{self._spec.host}:{self._spec.port} did not answer in time"
                f" ({self._silence_seconds} s)"
            )
        return statement_error(error, self._spec)


def _connect(spec: ConnectionSpec, application: str) -> psycopg2.extensions.connection:
    """A driver's connection, whose TLS files are gone again when it stands."""
    if "\0" in spec.password or "\0" in spec.username or "\0" in spec.database:
        raise ConfigurationError("a username, password or database can't hold a zero character")
    arguments: dict[str, Any] = {
        "host": spec.host,
        "port": spec.port,
        "dbname": spec.database,
        "user": spec.username,
        "password": spec.password,
        "connect_timeout": max(2, spec.connect_timeout_seconds),
        "application_name": application,
        "client_encoding": "UTF8",
        "gssencmode": "disable",
        "keepalives": 1,
        "keepalives_idle": _KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": _KEEPALIVE_INTERVAL_SECONDS,
        "keepalives_count": _KEEPALIVE_COUNT,
        "tcp_user_timeout": spec.read_timeout_seconds * 1000,
    }
    with tempfile.TemporaryDirectory(prefix="arus-tls-") as directory:
        try:
            arguments.update(_tls(spec, Path(directory)))
            # Where no password is given libpq would look for one of this machine's own user.
            arguments["passfile"] = str(Path(directory) / "none")
            opened: psycopg2.extensions.connection = psycopg2.connect(**arguments)
            return opened
        except psycopg2.Error as error:
            raise connect_error(error, spec) from None


def _tls(spec: ConnectionSpec, directory: Path) -> dict[str, str]:
    """libpq's TLS options; its files are readable by this user alone."""

    def file(name: str, content: str) -> str:
        path = directory / name
        write = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(write, "w") as opened:
            opened.write(content)
        return str(path)

    options: dict[str, str] = {"sslmode": spec.ssl_mode}
    if spec.ssl_mode == "disable":
        return options
    if spec.ssl_mode in ("verify-ca", "verify-full"):
        # Without a CA of its own a connection is checked against the machine's trusted ones.
        options["sslrootcert"] = file("ca.pem", spec.ssl_ca) if spec.ssl_ca else "system"
        if not spec.ssl_ca:
            options["sslmode"] = "verify-full"  # the only mode in which libpq takes "system"
    else:
        # libpq would pick up ~/.postgresql/root.crt, of which this configuration says nothing.
        options["sslrootcert"] = str(directory / "none")
    if spec.ssl_cert and spec.ssl_key:
        options["sslcert"] = file("client.pem", spec.ssl_cert)
        options["sslkey"] = file("client.key", spec.ssl_key)
    else:
        options["sslcert"] = str(directory / "none")
    return options
