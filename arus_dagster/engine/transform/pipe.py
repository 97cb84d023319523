"""The parent's end of the worker's pipes: frames with a deadline, never a blocked thread.

Owns the child process: started clean, spoken to, killed. Refuses to know what frames mean.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from arus_dagster.engine.transform.frames import HEADER

_ROOT = str(Path(__file__).resolve().parents[3])
_BOOT = """
import sys
root, parent, memory_mb = sys.argv[1:]
sys.path.insert(0, root)
from arus_dagster.engine.transform.worker import main
sys.path.remove(root)
main(int(parent), int(memory_mb))
"""
# Isolated, without site-packages, without the environment, writing no bytecode.
_PYTHON = (sys.executable, "-I", "-S", "-E", "-B", "-X", "utf8", "-c", _BOOT)
_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 18
_TICK_SECONDS = 0.2
_EXIT_SECONDS = 2.0
_TOLD_BYTES = 2000


class WorkerTimeoutError(Exception):
    """No answer within the limit."""


class WorkerGoneError(Exception):
    """The worker ended, or broke the protocol; ``returncode`` is Popen's, None while alive."""

    def __init__(self, returncode: int | None, told: str) -> None:
        super().__init__(told)
        self.returncode = returncode
        self.told = told


class WorkerPipe:
    """One worker process and its pipes.

    Args:
        memory_mb: the worker's address space, in MiB; an answer may not be longer either.
        stop: set from another thread to make a call in flight end with WorkerGoneError.
    """

    def __init__(self, memory_mb: int, stop: Event) -> None:
        self._stop = stop
        self._longest = memory_mb << 20
        self._received = bytearray()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in ``close``
        try:
            self._process = subprocess.Popen(
                [*_PYTHON, _ROOT, str(os.getpid()), str(memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                cwd="/",
                env={},
                close_fds=True,
                start_new_session=True,
            )
        except OSError:
            self._errors.close()
            raise
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("pipes were asked for")
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        for descriptor in (self._input, self._output):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError):  # smaller pipes only mean more turns
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def pid(self) -> int:
        return self._process.pid

    def exchange(self, request: bytes, seconds: float) -> Iterator[tuple[bytes, bytes]]:
        """Send a request and yield the frames that come, until the caller has what it wants.

        Args:
            seconds: limit for the whole exchange.

        Raises:
            WorkerTimeoutError, WorkerGoneError.
        """
        deadline = time.monotonic() + seconds
        pending = memoryview(request)
        while True:
            while (answer := self._next_frame()) is not None:
                yield answer
            pending = self._turn(pending, deadline)

    def _turn(self, pending: memoryview, deadline: float) -> memoryview:
        """Write and read what the pipes take and give now; what is left to write."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise WorkerTimeoutError
        if self._stop.is_set():
            raise self._gone()
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        if pending:
            poll.register(self._input, select.POLLOUT)
        for descriptor, _ in poll.poll(min(remaining, _TICK_SECONDS) * 1000):
            if descriptor == self._input:
                try:
                    pending = pending[os.write(self._input, pending) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    # What the worker said before it went is still to be read.
                    pending = pending[len(pending) :]
            else:
                try:
                    received = os.read(self._output, _READ_BYTES)
                except BlockingIOError:
                    continue
                if not received:
                    raise self._gone()
                self._received += received
        return pending

    def _next_frame(self) -> tuple[bytes, bytes] | None:
        if len(self._received) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(self._received)
        if length > self._longest:
            raise self._gone()
        end = HEADER.size + length
        if len(self._received) < end:
            return None
        payload = bytes(memoryview(self._received)[HEADER.size : end])
        del self._received[:end]
        return kind, payload

    def _gone(self) -> WorkerGoneError:
        """What is known of a worker that can't be spoken to any more; one that lives is ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_SECONDS)
        self.kill()
        returncode = self._process.poll()
        self._errors.seek(0)
        told = self._errors.read(_TOLD_BYTES).decode("utf-8", "replace").strip()
        return WorkerGoneError(returncode, told)

    def kill(self) -> None:
        """End the worker and all of its group at once; safe from any thread, and repeatedly."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the worker end by the end of its input, or end it, and release everything."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._errors.close()
