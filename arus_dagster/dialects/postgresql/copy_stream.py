"""A ``COPY … TO STDOUT`` as chunks of whole lines, in bounded memory.

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


def copy_lines(
    connection: Connection, sql: str, chunk_bytes: int, silence_seconds: float
) -> Iterator[bytes]:
    """The lines that ``sql`` yields, as byte strings of whole lines.

    Args:
        connection: used until the iterator ends or is closed; closing it early cuts the
            connection off, because the server would go on sending.
        chunk_bytes: about how long a byte string is; a longer line makes a longer one.
        silence_seconds: how long the server may send nothing.

    Raises:
        ConnectionFailedError: the connection broke, or the server was silent for too long.
        CancelledError: the connection was cancelled.
    """
    read_end, write_end = os.pipe()
    with contextlib.suppress(OSError):  # a system may allow less than asked for
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    pump = _Pump(connection, sql, write_end)
    pump.start()
    finished = False
    try:
        parts: list[bytes] = []
        size = 0
        while True:
            if not select.select([read_end], [], [], silence_seconds)[0]:
                connection.time_out()
                break
            part = os.read(read_end, _PIPE_BYTES)
            if not part:
                break
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
        pump.join()
        finished = True
        if pump.error is not None:
            raise pump.error
        if parts:
            data = b"".join(parts)
            if not data.endswith(b"\n"):
                raise ConnectionFailedError("the stream of rows ended in the middle of a row")
            yield data
    finally:
        if not finished:
            connection.sever()
        os.close(read_end)
        pump.join()


class _Pump(threading.Thread):
    """Runs the COPY and fills the pipe; its failure is kept for the reader."""

    def __init__(self, connection: Connection, sql: str, write_end: int) -> None:
        super().__init__(name="arus-copy-out", daemon=True)
        self._connection = connection
        self._sql = sql
        self._write_end = write_end
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with os.fdopen(self._write_end, "wb", buffering=_WRITE_BYTES) as sink:
                self._connection.copy_out(self._sql, sink)
        except Exception as error:  # noqa: BLE001 - handed over, not swallowed
            self.error = error
