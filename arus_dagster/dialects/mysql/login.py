"""Reaching a MySQL or MariaDB server and logging in.

Owns the socket, so that it can be cut off from another thread, its time limits, and the choice
between TLS and none. Every failure leaves here as one of this project's errors, without secrets.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

import pymysql
import pymysql.converters
from pymysql.constants import CR

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.dialects.mysql.driver_errors import server_error, without_secrets
from arus_dagster.dialects.mysql.tls import RecordingContext, tls_context
from arus_dagster.errors import ArusError, ConfigurationError, ConnectionFailedError

_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # seconds, seconds, times

_CONVERTERS: dict[Any, Any] = {**pymysql.converters.encoders}  # no decoders: results stay bytes


class _TlsFailedError(ConnectionFailedError):
    """The server is there, but TLS with it came to nothing."""


@dataclass(frozen=True)
class Session:
    """A connection that is logged in.

    Args:
        driver: the driver's connection; its results are bytes.
        wire: the socket it talks through, encrypted or not.
    """

    driver: pymysql.Connection
    wire: socket.socket
    _line: socket.socket = field(repr=False)

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return isinstance(self.wire, ssl.SSLSocket)

    @property
    def greeting(self) -> str:
        """The version with which the server introduced itself."""
        return str(self.driver.get_server_info())  # type: ignore[no-untyped-call]

    def sever(self) -> None:
        """Cut the connection off, from any thread; a call that waits on it fails at once."""
        with contextlib.suppress(OSError):  # the other side was quicker
            self._line.shutdown(socket.SHUT_RDWR)

    def kill(self, other: Session) -> None:
        """Have the server end another session, whatever it does there."""
        number: int = other.driver.thread_id()  # type: ignore[no-untyped-call]
        self.driver.kill(number)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Take leave and close; nothing happens if that was done."""
        with contextlib.suppress(pymysql.Error):  # it is closed already, in whatever way
            self.driver.close()
        self.wire.close()
        self._line.close()


def log_in(spec: ConnectionSpec, application: str) -> Session:
    """Connect as the spec says.

    Args:
        application: what the server shows as the program's name.

    Raises:
        ConnectionFailedError: not reached; the message names the cause.
        CredentialsError: reached, but refused.
        ConfigurationError: the TLS texts or the credentials can't be used at all.
    """
    if "\0" in spec.password or "\0" in spec.username or "\0" in spec.database:
        raise ConfigurationError("a username, password or database can't hold a zero character")
    if spec.ssl_mode == "disable":
        return _attempt(spec, application, None)
    try:
        return _attempt(spec, application, tls_context(spec))
    except _TlsFailedError:
        if spec.ssl_mode != "prefer":
            raise
    return _attempt(spec, application, None)


def _attempt(spec: ConnectionSpec, application: str, context: RecordingContext | None) -> Session:
    sock = _reach(spec)
    line = socket.socket(fileno=os.dup(sock.fileno()))
    late = threading.Event()

    def give_up() -> None:
        late.set()
        with contextlib.suppress(OSError):  # the login ended at this very moment
            line.shutdown(socket.SHUT_RDWR)

    # The driver's own limit covers each wait alone, and not those of the login.
    guard = threading.Timer(spec.connect_timeout_seconds, give_up)
    guard.daemon = True
    guard.start()
    try:
        driver = pymysql.Connection(
            host=spec.host,
            port=spec.port,
            user=spec.username,
            # A text would be sent as latin1, while servers keep passwords as UTF-8.
            password=spec.password.encode(),
            database=spec.database or None,
            charset="utf8mb4",
            collation="utf8mb4_bin",
            autocommit=True,
            use_unicode=False,
            conv=_CONVERTERS,
            read_timeout=spec.read_timeout_seconds,
            write_timeout=spec.read_timeout_seconds,
            program_name=application,
            ssl=context,
            ssl_disabled=context is None,
            defer_connect=True,
        )
        driver.connect(sock)
    except BaseException as error:
        sock.close()
        line.close()
        if late.is_set():
            raise ConnectionFailedError(
                f"{spec.host}:{spec.port} did not complete the login within"
                f" {spec.connect_timeout_seconds} s"
            ) from None
        if isinstance(error, Exception):
            raise _login_error(error, spec) from None
        raise
    finally:
        guard.cancel()
    wire = context.wrapped if context is not None and context.wrapped is not None else sock
    return Session(driver, wire, line)


def _reach(spec: ConnectionSpec) -> socket.socket:
    try:
        sock = socket.create_connection((spec.host, spec.port), spec.connect_timeout_seconds)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ConnectionFailedError(
            without_secrets(f"can't reach {spec.host}:{spec.port}: {reason}", spec)
        ) from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not every system lets a program choose
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock


def _login_error(error: Exception, spec: ConnectionSpec) -> ArusError:
    original = getattr(error, "original_exception", error)
    if isinstance(original, ssl.SSLError):
        return _TlsFailedError(without_secrets(f"TLS failed: {original}", spec))
    if not isinstance(error, pymysql.Error):
        # The driver raises plain errors for a way to log in that it lacks.
        return ConfigurationError(without_secrets(f"the login failed: {error}", spec))
    code, message = error_parts(error)
    if code == CR.CR_SSL_CONNECTION_ERROR:
        return _TlsFailedError(without_secrets(message, spec))
    return server_error(code, message, spec)


def error_parts(error: pymysql.Error) -> tuple[int, str]:
    """A driver error's number and message."""
    code, *rest = error.args or (0,)
    if not isinstance(code, int):
        return 0, str(error)
    return code, str(rest[0]) if rest and rest[0] else "the connection is closed"
