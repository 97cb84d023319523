"""The straight way: COPY into the target itself.

Owns loads in which every row that comes is a row that stays: full loads, and windows of tables
without a key. One transaction from the first row to the last; readers see the old rows until it
commits.
"""

from __future__ import annotations

from arus_dagster.dialects.base import Chunk
from arus_dagster.dialects.postgresql.merge import delete_all, delete_window
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

    def begin(self) -> None:
        job = self._job
        if job.shape is None:
            create_target(job, job.columns)
        elif job.window is None:
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

    def add(self, chunk: Chunk | TransformedChunk) -> None:
        job = self._job
        self._counts.loaded += copy_chunk(
            job.connection,
            job.target.sql,
            [column.name for column in job.columns],
            chunk.data,
            job.reject,
        )

    def settle(self) -> LoadCounts:
        finish_target(self._job)
        self._counts.growth += self._counts.loaded
        return self._counts

    def loaded_rows(self) -> str:
        job = self._job
        if job.window is None or job.watermark is None:
            return f"{job.target.sql} t"
        within = in_window(job.window, job.watermark.name, job.watermark.target_type)
        return f"(SELECT * FROM {job.target.sql} WHERE {within or 'true'}) t"
