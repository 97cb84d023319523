"""Work beside the load, so that source and warehouse work at the same time.

Owns the threads that pull chunks from a snapshot, or count its rows, and the short queue between.
Refuses to hold more than a few chunks: a slow warehouse slows the source down.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from arus_dagster.dialects.base import Chunk, Read, SourceSnapshot

T = TypeVar("T")

_CHUNKS_AHEAD = 2
_STOP_POLL_SECONDS = 0.2


class Beside(Generic[T]):
    """Work done by a thread of its own; use it as a context manager.

    Args:
        name: the thread's.
        work: what it does.
        stop: has the work end soon; called where the block is left before it is done.
    """

    def __init__(self, name: str, work: Callable[[], T], stop: Callable[[], None]) -> None:
        self._work = work
        self._stop = stop
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self._stop()
        self._thread.join()

    def result(self) -> T:
        """Wait for the work's end. Raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - handed to the reader, not swallowed
            self._error = error


def count_beside(snapshot: SourceSnapshot, read: Read) -> Beside[int]:
    """How many rows a read yields.

    Args:
        snapshot: used by the thread alone until the block ends or ``result`` has answered.
    """
    return Beside("arus-count", lambda: snapshot.count(read), snapshot.cancel)


class ReadAhead(Beside[None]):
    """The chunks of a read.

    Leaving the block early stops the read. The snapshot is free again when the block has ended.

    Args:
        snapshot: used by the thread alone until the block ends or the chunks are through.
        read: what to read.
    """

    def __init__(self, snapshot: SourceSnapshot, read: Read) -> None:
        super().__init__("arus-read", self._pull, self._end)
        self._snapshot = snapshot
        self._read = read
        self._queue: queue.Queue[Chunk | None] = queue.Queue(_CHUNKS_AHEAD)
        self._ended = threading.Event()
        self._done = threading.Event()

    def __iter__(self) -> Iterator[Chunk]:
        while (chunk := self._queue.get()) is not None:
            yield chunk
        self.result()

    def _end(self) -> None:
        self._ended.set()
        if not self._done.is_set():
            self._snapshot.cancel()

    def _pull(self) -> None:
        try:
            chunks = self._snapshot.stream(self._read)
            with contextlib.closing(chunks):  # type: ignore[type-var]
                for chunk in chunks:
                    if not self._put(chunk):
                        return
        finally:
            self._done.set()
            self._put(None)

    def _put(self, item: Chunk | None) -> bool:
        while not self._ended.is_set():
            try:
                self._queue.put(item, timeout=_STOP_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
