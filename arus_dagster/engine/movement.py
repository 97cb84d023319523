"""The rows' way from the snapshot to the load: in binary form where it fits, else as text.

Owns the choice, and what is counted on the way. Refuses to judge the counts.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from arus_dagster.dialects.base import (
    BinaryRows,
    BinarySnapshot,
    Chunk,
    Read,
    UnfitForBinaryError,
)
from arus_dagster.engine.load.staged import StagedLoad
from arus_dagster.engine.reading import ReadAhead, count_beside
from arus_dagster.engine.transform.process import TransformedChunk, TransformProcess
from arus_dagster.engine.transit import OpenTransform, Transit


class Movement:
    """One read, once.

    ``extracted`` are the rows that came, ``dropped`` those that scripts left out, ``warnings`` the
    kinds of values changed by rule and their counts.

    Args:
        transit: its load is begun already when ``run`` is called.
        transform: opens the table's scripts.
    """

    def __init__(self, transit: Transit, transform: OpenTransform) -> None:
        self._prepared = transit.prepared
        self._load = transit.load
        self._snapshot = transit.snapshot
        self._rejections = transit.rejections
        self._open_transform = transform
        self._tell = transit.tell
        self._cancel = transit.cancel
        self._progress = transit.progress
        self.extracted = 0
        self.dropped = 0
        self.warnings: Counter[str] = Counter()

    @contextlib.contextmanager
    def run(self, *, binary: bool) -> Iterator[Callable[[], int | None]]:
        """Move the rows; in the block, a full read is counted by the source's server meanwhile.

        Args:
            binary: whether to try the binary form, where it fits.

        Yields:
            what waits for that count; None is counted where only a window was read.
        """
        prepared = self._prepared
        read = prepared.plan.read(prepared.shape, exclude_deleted=prepared.excludes_deleted)
        sent = self._move_binary(read) if binary else None
        if sent is None:
            self._move_text(read)
        if not prepared.plan.full:
            yield lambda: None
        elif sent is not None:
            yield lambda: sent
        else:
            with count_beside(self._snapshot, read) as counting:
                yield counting.result

    def _move_binary(self, read: Read) -> int | None:
        """Move the rows in binary form; how many the source's server sent. None if they have to
        go as text."""
        snapshot, load = self._snapshot, self._load
        if (
            self._prepared.scripts
            or not isinstance(snapshot, BinarySnapshot)
            or not load.takes_binary()
        ):
            return None
        stream = snapshot.binary(read, self._prepared.job.connection.server_version, load.stamp)
        if stream is None:
            return None
        self._tell("DEBUG", "rows move in binary form")
        try:
            with stream as rows:
                load.add_binary(self._watched(rows))
                self.extracted = rows.rows
        except UnfitForBinaryError as unfit:
            self._progress.start_over()
            self._tell("INFO", f"reading again, row by row: {unfit.message}")
            return None
        return self.extracted

    def _watched(self, rows: BinaryRows) -> Iterator[bytes]:
        for part in rows:
            self._cancel.check()
            self._progress.add(None, len(part))
            yield part

    def _move_text(self, read: Read) -> None:
        with ReadAhead(self._snapshot, read) as chunks, self._open_transform() as transform:
            if transform is None:
                for chunk in self._counted(chunks):
                    self._load.add(chunk)
                return
            with contextlib.closing(self._transformed(chunks, transform)) as transformed:
                for made in transformed:
                    self.dropped += made.dropped
                    for rejected in made.rejected:
                        self._rejections.add(rejected)
                    self._load.add(made)

    def _counted(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The chunks that have rows."""
        for chunk in chunks:
            self._cancel.check()
            self.extracted += chunk.rows + len(chunk.rejected)
            self.warnings.update(chunk.warnings)
            self._progress.add(chunk.rows, len(chunk.data))
            for rejected in chunk.rejected:
                self._rejections.add(rejected)
            if chunk.rows:
                yield chunk

    def _transformed(
        self, chunks: Iterable[Chunk], transform: TransformProcess
    ) -> Generator[TransformedChunk]:
        """What scripts make of the chunks. They work on one while that before it is loaded."""
        assert isinstance(self._load, StagedLoad)  # scripts always go by the stage
        with ThreadPoolExecutor(1, "arus-transform") as beside:
            waiting: Future[TransformedChunk] | None = None
            try:
                for chunk in self._counted(chunks):
                    kept = self._load.keep_source(chunk)
                    if not kept.rows:
                        continue
                    following = beside.submit(transform.apply, kept)
                    if waiting is not None:
                        yield waiting.result()
                    waiting = following
                if waiting is not None:
                    yield waiting.result()
            except BaseException:
                # What scripts still work on is for nobody; they might never end.
                transform.cancel()
                raise
