"""A ``COPY … TO STDOUT`` as it arrives, in bounded memory: any format, or text as whole lines.

Owns the pipe between the driver, which pushes row by row, and a reader, which pulls. Both ends
move bytes in C, so that no Python code runs per row. Refuses to look into the lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Iterator

from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.errors import ConnectionFailedError

_PIPE_BYTES = 1 << 20
_WRITE_BYTES = 1 << 18
_INTERRUPT_EVERY_SECONDS = 0.5
_INTERRUPTS = 20


class CopyOut:
    """A COPY in flight. It is over when the iteration has ended, or after ``stop`` or ``close``.

    Args:
        connection: used by a thread until it is over.
        silence_seconds: how long the server may send nothing.
    """

    def __init__(self, connection: Connection, sql: str, silence_seconds: float) -> None:
        self._connection = connection
        self._silence_seconds = silence_seconds
        self._read_end, write_end = os.pipe()
        with contextlib.suppress(OSError):  # a system may allow less than asked for
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._pump = _Pump(connection, sql, write_end)
        self._pump.start()
        self._over = False

    @property
    def rows(self) -> int:
        """How many rows the server sent, by its own count; known when the iteration has ended."""
        return self._pump.rows

    def __iter__(self) -> Iterator[bytes]:
        """What the server sends, in parts that end anywhere.

        Raises:
            ConnectionFailedError: the connection broke, or the server was silent for too long.
            CancelledError: the connection was cancelled.
        """
        while True:
            if not self._arrives(self._silence_seconds):
                self._connection.time_out()
                break
            part = os.read(self._read_end, _PIPE_BYTES)
            if not part:
                break
            yield part
        self._pump.join()
        self._over = True
        if self._pump.error is not None:
            raise self._pump.error

    def stop(self) -> None:
        """End it early. The connection stays; a transaction on it may have failed or not."""
        for _ in range(_INTERRUPTS):
            if self._over:
                break
            self._connection.interrupt()
            # What was sent before the server noticed has to be taken from it.
            while self._arrives(_INTERRUPT_EVERY_SECONDS):
                if not os.read(self._read_end, _PIPE_BYTES):
                    self._pump.join()
                    self._over = True
                    break
        self.close()

    def close(self) -> None:
        """Be done with it. Early, this cuts the connection off: the server would go on sending."""
        if self._read_end < 0:
            return
        if not self._over:
            self._connection.sever()
        os.close(self._read_end)
        self._read_end = -1
        self._pump.join()
        self._over = True

    def _arrives(self, seconds: float) -> bool:
        return bool(select.select([self._read_end], [], [], seconds)[0])


def copy_lines(
    connection: Connection, sql: str, chunk_bytes: int, silence_seconds: float
) -> Iterator[bytes]:
    """The lines that ``sql`` yields in text format, as byte strings of whole lines.

    Args:
        connection: used until the iterator ends or is closed; closing it early cuts the
            connection off.
        chunk_bytes: about how long a byte string is; a longer line makes a longer one.
        silence_seconds: how long the server may send nothing.

    Raises:
        ConnectionFailedError: the connection broke, or the server was silent for too long.
        CancelledError: the connection was cancelled.
    """
    out = CopyOut(connection, sql, silence_seconds)
    with contextlib.closing(out):
        parts: list[bytes] = []
        size = 0
        for part in out:
            parts.append(part)
            size += len(part)
            if size < chunk_bytes or b"\n" not in part:
                continue
            data = b"".join(parts)
            end = data.rindex(b"\n") + 1
            rest = data[end:]
            parts, size = ([rest], len(rest)) if rest else ([], 0)
            yield data[:end] if rest else data
            del data
        if parts:
            data = b"".join(parts)
            if not data.endswith(b"\n"):
                raise ConnectionFailedError("the stream of rows ended in the middle of a row")
            yield data


class _Pump(threading.Thread):
    """Runs the COPY and fills the pipe; its failure is kept for the reader."""

    def __init__(self, connection: Connection, sql: str, write_end: int) -> None:
        super().__init__(name="arus-copy-out", daemon=True)
        self._connection = connection
        self._sql = sql
        self._write_end = write_end
        self.rows = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with os.fdopen(self._write_end, "wb", buffering=_WRITE_BYTES) as sink:
                self.rows = self._connection.copy_out(self._sql, sink)
        except Exception as error:  # noqa: BLE001 - handed over, not swallowed
            self.error = error
