"""The way by a stage: rows wait in a table of the transaction's own until all are in.

Owns loads whose rows meet others on the way: merges by key, soft deletes, scripts, raw copies.
A target that is there is not touched, and nothing of it locked, before all rows have come and any
change of its columns has been made. One that is not there yet can be no stranger to its rows, and
is the stage itself, unless some of them only come to be left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from arus_dagster.dialects.base import Chunk, Column
from arus_dagster.dialects.postgresql import merge
from arus_dagster.dialects.postgresql.binary_rows import all_or_none, copy_binary_in, reads_binary
from arus_dagster.dialects.postgresql.driver_errors import RowFaultError
from arus_dagster.dialects.postgresql.names import identifiers
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.dialects.postgresql.target_table import TargetTable
from arus_dagster.dialects.postgresql.widening import widens
from arus_dagster.engine.load.job import LoadCounts, LoadJob
from arus_dagster.engine.load.refusals import put_with_refusals
from arus_dagster.engine.load.source_lines import SOURCE_COLUMN, source_line, without_lines
from arus_dagster.engine.load.target import create_target, finish_target
from arus_dagster.engine.transform.process import TransformedChunk

_STAGE = "_arus_stage"
_SOURCE_STAGE = "_arus_source_stage"


class StagedLoad:
    """See ``Load``.

    ``script_columns`` are the columns that scripts added, under the names scripts give them;
    ``left_out`` those of them that the target may not be given.

    Args:
        transformed: whether ``add`` is given what scripts made of the rows; then raw copies are
            taken from what ``keep_source`` is given.
    """

    def __init__(self, job: LoadJob, *, transformed: bool) -> None:
        self._job = job
        self._transformed = transformed
        self._fills_target = job.shape is None and job.full and job.deleted_condition is None
        # A new table refuses no row that its columns take, so the lines behind are not needed.
        self._keeps_lines = transformed and not self._fills_target
        self._columns = job.columns
        self.script_columns: tuple[Column, ...] = ()
        self.left_out: tuple[Column, ...] = ()
        self._counts = LoadCounts()
        self._taken = 0
        self._stage: Stage | None = None
        self._source_stage: Stage | None = None

    def begin(self) -> None:
        job = self._job
        columns = (*job.columns, SOURCE_COLUMN) if self._keeps_lines else job.columns
        if self._fills_target:
            create_target(job, columns)
            self._stage = Stage(job.connection, job.target.sql, columns)
        else:
            self._stage = Stage.temporary(job.connection, _STAGE, columns, job.key)
        if job.raw is not None and self._transformed:
            self._source_stage = Stage.temporary(job.connection, _SOURCE_STAGE, job.columns)

    def keep_source(self, chunk: Chunk) -> Chunk:
        """Set the source's own rows aside for the raw table; the rows that can be kept there."""
        if self._source_stage is None:
            return chunk
        job = self._job
        refused: list[bytes] = []

        def reject(reason: str, line: bytes) -> None:
            refused.append(line)
            job.reject(reason, line)

        names = [column.name for column in job.columns]
        taken = copy_chunk(
            job.connection,
            self._source_stage.sql,
            names,
            chunk.data,
            reject,
        )
        if not refused:
            return chunk
        return Chunk(without_lines(chunk.data, refused), taken, chunk.rejected, chunk.warnings)

    def add(self, chunk: Chunk | TransformedChunk) -> None:
        job = self._job
        assert self._stage is not None  # made by begin
        reject = job.reject
        if isinstance(chunk, TransformedChunk):
            if chunk.columns[len(job.columns) :] != self.script_columns:
                self.take_columns(chunk.columns[len(job.columns) :])
            reject = self._refuse_made if self._keeps_lines else chunk.refusal(job.reject)
        if not chunk.rows:
            return
        names = [column.name for column in self._columns]
        data = chunk.data
        if self._keeps_lines:
            assert isinstance(chunk, TransformedChunk)  # or there would be nothing to keep
            names.append(SOURCE_COLUMN.name)
            data = chunk.with_sources()
        self._taken += copy_chunk(job.connection, self._stage.sql, names, data, reject)

    def takes_binary(self) -> bool:
        job = self._job
        return not self._transformed and reads_binary(
            job.connection, [column.target_type for column in job.columns]
        )

    @property
    def stamp(self) -> str | None:
        return None

    def add_binary(self, parts: Iterator[bytes]) -> int:
        job = self._job
        assert self._stage is not None  # made by begin
        names = [column.name for column in job.columns]
        with all_or_none(job.connection):
            self._taken = copy_binary_in(job.connection, self._stage.sql, names, parts)
        return self._taken

    def settle(self) -> LoadCounts:
        job = self._job
        assert self._stage is not None  # made by begin
        self._prepare_target()
        self._counts.columns = self._columns
        rows = self._rows()
        if self._fills_target:
            self._finish_filled()
            return self._counts
        if job.shape is None:
            create_target(job, self._columns)
        if job.may_repeat:
            self._counts.dropped = merge.drop_superseded(
                job.connection,
                self._stage.sql,
                job.key,
                job.watermark.name if job.watermark else None,
            )
        if job.deleted_condition is not None:
            rows = self._without_deleted()
        self._apply(rows)
        finish_target(job)
        return self._counts

    def _finish_filled(self) -> None:
        """Give the target its key. Rows that repeat are only looked for where the key says so."""
        job, counts = self._job, self._counts
        assert self._stage is not None  # made by begin
        job.connection.execute("SAVEPOINT arus_key")
        try:
            finish_target(job)
        except RowFaultError:
            if not job.may_repeat:
                raise
            job.connection.execute("ROLLBACK TO SAVEPOINT arus_key")
            watermark = job.watermark.name if job.watermark else None
            counts.dropped = merge.drop_superseded(
                job.connection, self._stage.sql, job.key, watermark
            )
            finish_target(job)
        job.connection.execute("RELEASE SAVEPOINT arus_key")
        counts.loaded = self._taken - counts.dropped
        counts.growth += counts.loaded

    def loaded_rows(self) -> str:
        if self._job.full:
            return f"{self._job.target.sql} t"
        assert self._stage is not None  # made by begin
        return f"{self._stage.sql} t"

    def take_columns(self, script_columns: tuple[Column, ...]) -> None:
        """Have the stage hold these columns of scripts too, and the target, if it may.

        Args:
            script_columns: some that scripts added.
        """
        assert self._stage is not None  # made by begin
        merged = {column.name: column for column in (*self.script_columns, *script_columns)}
        self.script_columns = tuple(merged.values())
        renamed = tuple(replace(c, name=self._job.rename(c.name)) for c in self.script_columns)
        self._columns = self._job.columns + renamed
        self._stage.fit(self._columns)

    def _prepare_target(self) -> None:
        """Let the target have the columns that scripts added, before any row of it is locked."""
        job = self._job
        if job.shape is None or len(self._columns) == len(job.columns):
            return
        added, widened = [], {}
        for column in self._columns[len(job.columns) :]:
            present = job.shape.types.get(column.name)
            if present is None:
                added.append(column)
            elif not widens(column.target_type, present):
                # Whatever a script makes has a text form; narrower types can't take it.
                widened[column.name] = (
                    column.target_type if widens(present, column.target_type) else "text"
                )
        if not job.may_alter:
            unwanted = {column.name for column in added} | set(widened)
            self.left_out = tuple(c for c in self.script_columns if job.rename(c.name) in unwanted)
            self._columns = tuple(c for c in self._columns if c.name not in unwanted)
            return
        with job.apart() as connection:
            TargetTable(connection, job.target.table).alter(added, widened)

    def _rows(self) -> str:
        """A query of the rows on their way to the target; raw copies are made first."""
        job = self._job
        assert self._stage is not None  # made by begin
        names = identifiers(column.name for column in self._columns)
        staged = f"SELECT {names} FROM {self._stage.sql}"
        if job.raw is None:
            return staged
        source = self._source_stage or self._stage
        self._counts.raw = job.raw.append(source.sql, job.columns, job.run_id)
        return staged

    def _without_deleted(self) -> str:
        job = self._job
        assert self._stage is not None and job.deleted_condition is not None
        self._counts.deleted = self._stage.count(job.deleted_condition)
        if self._counts.deleted and not job.full:
            gone = (
                f"SELECT {identifiers(job.key)} FROM {self._stage.sql}"
                f" WHERE {job.deleted_condition}"
            )
            self._counts.growth -= merge.delete_matching(
                job.connection, job.target.sql, job.key, gone
            )
        return self._staged_rows()

    def _staged_rows(self, among: str = "true") -> str:
        """A query of the stage's rows for the target."""
        assert self._stage is not None  # made by begin
        names = identifiers(column.name for column in self._columns)
        deleted = self._job.deleted_condition or "false"
        return f"SELECT {names} FROM {self._stage.sql} WHERE {among} AND NOT {deleted}"

    def _apply(self, rows: str) -> None:
        job = self._job
        assert self._stage is not None  # made by begin
        connection, target = job.connection, job.target.sql
        if job.window is None:
            if job.shape is not None:
                self._counts.growth -= merge.delete_all(connection, target)
        elif not job.key:
            assert job.watermark is not None  # a window is one of a watermark
            self._counts.growth -= merge.delete_window(
                connection, target, job.window, job.watermark.name, job.watermark.target_type
            )
        merged = put_with_refusals(
            connection, self._stage, partial(self._put, rows), self._refuse_staged
        )
        self._counts.loaded = merged.rows
        self._counts.growth += merged.fresh
        if job.window is not None and job.key and not self._rewrites:
            # Unchanged rows were not written.
            self._counts.loaded = self._taken - self._counts.dropped - self._counts.deleted
            self._counts.unchanged = self._counts.loaded - merged.rows

    def _put(self, rows: str, among: str | None) -> merge.Merged:
        job = self._job
        names = [column.name for column in self._columns]
        if among is not None:
            rows = self._staged_rows(among)
        if job.window is not None and job.key:
            watermark = job.watermark.name if job.watermark else None
            return merge.merge_rows(
                job.connection,
                job.target.sql,
                names,
                job.key,
                watermark,
                rows,
                rewrite=self._rewrites,
            )
        inserted = merge.insert_rows(
            job.connection, job.target.sql, names, rows, stamped=job.shape is not None
        )
        return merge.Merged(inserted, inserted)

    @property
    def _rewrites(self) -> bool:
        return self._job.shape is not None and self._job.shape.has_triggers

    def _refuse_staged(self, reason: str, row: str) -> None:
        assert self._stage is not None  # made by begin
        self._taken -= 1
        if self._keeps_lines:
            self._refuse_made(reason, self._stage.line(row, [SOURCE_COLUMN.name]))
        else:
            names = [column.name for column in self._job.columns]
            self._job.reject(reason, self._stage.line(row, names))

    def _refuse_made(self, reason: str, line: bytes) -> None:
        self._job.reject(reason, source_line(line))
