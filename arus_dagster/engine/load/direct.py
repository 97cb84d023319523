"""The straight way: COPY into the target itself.

Owns loads in which every row that comes is a row that stays: full loads, and windows of tables
without a key. One transaction from the first row to the last; readers see the old rows until it
commits. Raw copies are made of the rows in the target, which are the source's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from arus_dagster.dialects.base import Chunk
from arus_dagster.dialects.postgresql.binary_rows import all_or_none, copy_binary_in, reads_binary
from arus_dagster.dialects.postgresql.merge import delete_all, delete_window
from arus_dagster.dialects.postgresql.names import RUN_ID_COLUMN
from arus_dagster.dialects.postgresql.predicates import in_window
from arus_dagster.dialects.postgresql.stage import copy_chunk
from arus_dagster.engine.load.job import LoadCounts, LoadJob
from arus_dagster.engine.load.target import create_target, finish_target
from arus_dagster.engine.transform.process import TransformedChunk


class DirectLoad:
    """See ``Load``."""

    def __init__(self, job: LoadJob) -> None:
        self._job = job
        self._counts = LoadCounts(columns=job.columns)
        self._made = False

    def begin(self) -> None:
        job = self._job
        if job.shape is None:
            return  # made with the first rows
        if job.window is None:
            self._counts.growth -= delete_all(job.connection, job.target.sql)
        else:
            assert job.watermark is not None  # a window is one of a watermark
            self._counts.growth -= delete_window(
                job.connection,
                job.target.sql,
                job.window,
                job.watermark.name,
                job.watermark.target_type,
            )

    def takes_binary(self) -> bool:
        job = self._job
        return job.same_types and reads_binary(
            job.connection, [column.target_type for column in job.columns]
        )

    @property
    def stamp(self) -> str | None:
        return None if self._job.shape is None else self._job.run_id

    def add_binary(self, parts: Iterator[bytes]) -> int:
        job = self._job
        names = [column.name for column in job.columns]
        with all_or_none(job.connection):
            if job.shape is None:
                taken = self._fill_new(names, parts)
            else:
                names.append(RUN_ID_COLUMN)
                taken = copy_binary_in(job.connection, job.target.sql, names, parts)
        self._counts.loaded += taken
        return taken

    def _fill_new(self, names: list[str], parts: Iterator[bytes]) -> int:
        job = self._job
        required = [column.name for column in job.required]
        create_target(job, job.columns)
        job.target.require(required)
        taken = copy_binary_in(job.connection, job.target.sql, names, parts, frozen=True)
        job.target.admit_null(required)
        self._made = self._counts.exact = True
        return taken

    def _make(self) -> None:
        if self._job.shape is None and not self._made:
            create_target(self._job, self._job.columns)
            self._made = True

    def add(self, chunk: Chunk | TransformedChunk) -> None:
        job = self._job
        self._make()
        self._counts.loaded += copy_chunk(
            job.connection,
            job.target.sql,
            [column.name for column in job.columns],
            chunk.data,
            job.reject,
            run_id=self.stamp,
        )

    def settle(self) -> LoadCounts:
        self._make()
        job = self._job
        if job.raw is not None:
            self._counts.raw = job.raw.append(self._loaded(), job.columns, job.run_id)
        finish_target(job)
        self._counts.growth += self._counts.loaded
        return self._counts

    def loaded_rows(self) -> str:
        return f"{self._loaded()} t"

    def _loaded(self) -> str:
        job = self._job
        if job.window is None or job.watermark is None:
            return job.target.sql
        within = in_window(job.window, job.watermark.name, job.watermark.target_type)
        return f"(SELECT * FROM {job.target.sql} WHERE {within or 'true'})"
