"""Reading beside the load, so that source and warehouse work at the same time.

Owns the threads that pull chunks from a snapshot, or count its rows, and the short queue between.
Refuses to hold more than a few chunks: a slow warehouse slows the source down.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from types import TracebackType

from arus_dagster.dialects.base import Chunk, Read, SourceSnapshot

_CHUNKS_AHEAD = 2
_STOP_POLL_SECONDS = 0.2


class ReadAhead:
    """The chunks of a read, made by a thread of its own; use it as a context manager.

    Leaving the block early stops the read. The snapshot is free again when the block has ended.

    Args:
        snapshot: used by the thread alone until the block ends or the chunks are through.
        read: what to read.
    """

    def __init__(self, snapshot: SourceSnapshot, read: Read) -> None:
        self._snapshot = snapshot
        self._read = read
        self._queue: queue.Queue[Chunk | BaseException | None] = queue.Queue(_CHUNKS_AHEAD)
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._pull, name="arus-read", daemon=True)

    def __enter__(self) -> ReadAhead:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._done.is_set():
            self._stop.set()
            self._snapshot.cancel()
        self._thread.join()

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            item = self._queue.get()
            if item is None:
                self._thread.join()
                return
            if isinstance(item, BaseException):
                self._thread.join()
                raise item
            yield item

    def _pull(self) -> None:
        last: BaseException | None = None
        try:
            chunks = self._snapshot.stream(self._read)
            with contextlib.closing(chunks):  # type: ignore[type-var]
                for chunk in chunks:
                    if not self._put(chunk):
                        return
        except BaseException as error:  # noqa: BLE001 - handed to the reader, not swallowed
            last = error
        finally:
            self._done.set()
        self._put(last)

    def _put(self, item: Chunk | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_STOP_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False


class CountBeside:
    """How many rows a read yields, counted by a thread of its own; use it as a context manager.

    Args:
        snapshot: used by the thread alone until the block ends or ``result`` has answered.
    """

    def __init__(self, snapshot: SourceSnapshot, read: Read) -> None:
        self._snapshot = snapshot
        self._read = read
        self._count = 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._ask, name="arus-count", daemon=True)

    def __enter__(self) -> CountBeside:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self._snapshot.cancel()
        self._thread.join()

    def result(self) -> int:
        """Wait for the count."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._count

    def _ask(self) -> None:
        try:
            self._count = self._snapshot.count(self._read)
        except BaseException as error:  # noqa: BLE001 - handed to the reader, not swallowed
            self._error = error
