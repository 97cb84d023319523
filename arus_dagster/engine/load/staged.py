"""The way by a stage: rows wait in temporary tables until all are in.

Owns loads whose rows meet others on the way: merges by key, soft deletes, scripts, raw copies.
Filling the stage needs no transaction, since nobody else sees it; what then happens to the
target is one short transaction, after any change of its columns in another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from arus_dagster.dialects.base import Chunk, Column
from arus_dagster.dialects.copy_text import split_lines
from arus_dagster.dialects.postgresql import merge
from arus_dagster.dialects.postgresql.names import identifiers
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.dialects.postgresql.widening import widens
from arus_dagster.engine.load.job import LoadCounts, LoadJob
from arus_dagster.engine.load.target import create_target, finish_target
from arus_dagster.engine.transform.process import TransformedChunk

_STAGE = "_arus_stage"
_SOURCE_STAGE = "_arus_source_stage"


class StagedLoad:
    """See ``Load``.

    ``script_columns`` are the columns that scripts added, under the names scripts give them.

    Args:
        transformed: whether ``add`` is given what scripts made of the rows; then raw copies are
            taken from what ``keep_source`` is given.
    """

    def __init__(self, job: LoadJob, *, transformed: bool) -> None:
        self._job = job
        self._transformed = transformed
        self._columns = job.columns
        self.script_columns: tuple[Column, ...] = ()
        self._counts = LoadCounts()
        self._stage: Stage | None = None
        self._source_stage: Stage | None = None

    def begin(self) -> None:
        job = self._job
        self._stage = Stage(job.connection, _STAGE, job.columns, job.key)
        if job.raw is not None and self._transformed:
            self._source_stage = Stage(job.connection, _SOURCE_STAGE, job.columns)

    def keep_source(self, chunk: Chunk) -> Chunk:
        """Set the source's own rows aside for the raw table; the rows that can be kept there."""
        if self._source_stage is None:
            return chunk
        job = self._job
        refused: list[bytes] = []

        def reject(reason: str, line: bytes) -> None:
            refused.append(line)
            job.reject(reason, line, job.source_columns, transformed=False)

        names = [column.name for column in job.columns]
        taken = copy_chunk(
            job.connection,
            self._source_stage.sql,
            names,
            chunk.data,
            reject,
            in_transaction=False,
        )
        if not refused:
            return chunk
        return Chunk(_without(chunk.data, refused), taken, chunk.rejected, chunk.warnings)

    def add(self, chunk: Chunk | TransformedChunk) -> None:
        job = self._job
        assert self._stage is not None  # made by begin
        source_columns = job.source_columns
        if isinstance(chunk, TransformedChunk):
            source_columns = chunk.columns
            if chunk.columns[len(job.columns) :] != self.script_columns:
                self._take_columns(chunk.columns)
        if not chunk.rows:
            return
        copy_chunk(
            job.connection,
            self._stage.sql,
            [column.name for column in self._columns[: len(source_columns)]],
            chunk.data,
            partial(_reject, job, source_columns, self._transformed),
            in_transaction=False,
        )

    def settle(self) -> LoadCounts:
        job = self._job
        assert self._stage is not None  # made by begin
        self._counts.columns = self._columns
        self._prepare_target()
        job.connection.execute("BEGIN")
        if job.shape is None:
            create_target(job, self._columns)
        rows = self._rows()
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

    def loaded_rows(self) -> str:
        assert self._stage is not None  # made by begin
        return f"{self._stage.sql} t"

    def _take_columns(self, columns: tuple[Column, ...]) -> None:
        assert self._stage is not None  # made by begin
        self.script_columns = columns[len(self._job.columns) :]
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
            self._columns = tuple(c for c in self._columns if c.name not in unwanted)
            return
        with job.connection.transaction():
            job.target.alter(added, widened)

    def _rows(self) -> str:
        """A query of the rows on their way to the target; raw copies are made first."""
        job = self._job
        assert self._stage is not None  # made by begin
        names = identifiers(column.name for column in self._columns)
        staged = f"SELECT {names} FROM {self._stage.sql}"
        if job.raw is None:
            return staged
        before = job.raw.last_id()
        source = self._source_stage or self._stage
        self._counts.raw = job.raw.append(source.sql, job.columns, job.run_id)
        if self._transformed:
            return staged
        normalised = job.raw.rows_after(before, job.columns)
        if not job.may_repeat and job.deleted_condition is None:
            return normalised
        job.connection.execute(f"TRUNCATE {self._stage.sql}")
        merge.insert_rows(
            job.connection, self._stage.sql, [c.name for c in job.columns], normalised
        )
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
        names = identifiers(column.name for column in self._columns)
        return f"SELECT {names} FROM {self._stage.sql} WHERE NOT {job.deleted_condition}"

    def _apply(self, rows: str) -> None:
        job = self._job
        names = [column.name for column in self._columns]
        connection, target = job.connection, job.target.sql
        if job.window is not None and job.key:
            merged = merge.merge_rows(connection, target, names, job.key, rows)
            self._counts.loaded = merged.rows
            self._counts.growth += merged.fresh
            return
        if job.window is None:
            if job.shape is not None:
                self._counts.growth -= merge.delete_all(connection, target)
        else:
            assert job.watermark is not None  # a window is one of a watermark
            self._counts.growth -= merge.delete_window(
                connection, target, job.window, job.watermark.name, job.watermark.target_type
            )
        self._counts.loaded = merge.insert_rows(connection, target, names, rows)
        self._counts.growth += self._counts.loaded


def _reject(
    job: LoadJob, columns: tuple[Column, ...], transformed: bool, reason: str, line: bytes
) -> None:
    job.reject(reason, line, columns, transformed=transformed)


def _without(data: bytes, refused: list[bytes]) -> bytes:
    """The lines of a chunk without the refused ones; of equal lines, as many as were refused."""
    left = list(refused)
    kept = []
    for line in split_lines(data):
        if line in left:
            left.remove(line)
        else:
            kept.append(line)
    return b"".join(kept)
