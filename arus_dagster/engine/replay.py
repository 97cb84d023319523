"""Dead letters that a person asked to try again.

Owns the second chance: a letter holds the source's row, and goes the way of ordinary rows, raw
copy and scripts included, but never puts an older form of a row over a newer one. Refuses to fail
a table over letters: one that is rejected again is a letter again. A whole reload needs none of
this, for it meets every row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from arus_dagster.dialects.base import Chunk, Column, RejectedRow
from arus_dagster.dialects.copy_text import encode_line
from arus_dagster.dialects.postgresql import merge
from arus_dagster.dialects.postgresql.json_screen import JsonScreen
from arus_dagster.dialects.postgresql.names import identifier, identifiers
from arus_dagster.dialects.postgresql.predicates import in_window
from arus_dagster.dialects.postgresql.respelled import delete_superseded
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.engine.load.refusals import put_with_refusals
from arus_dagster.engine.load.source_lines import SOURCE_COLUMN, source_line
from arus_dagster.engine.source_keys import SourceKeys
from arus_dagster.engine.transform.payload import row_payload
from arus_dagster.engine.transform.process import TransformProcess
from arus_dagster.engine.transit import OpenTransform, Transit

_STAGE = "_arus_replay"
_SOURCE_STAGE = "_arus_replay_source"
_KEYS = "_arus_replay_keys"
# Letters held in memory at a time.
_BATCH_LETTERS = 100
_BATCH_BYTES = 1 << 22


@dataclass(slots=True)
class Replayed:
    """What became of the letters; ``tried`` is the sum of the others but ``raw`` and ``growth``.

    Args:
        deleted: they took a row out of the target, or would have.
        dropped: by a script, or because the source or the target has a newer form of the row.
        rejected: letters again.
        raw: rows put into the raw table.
        growth: by how many rows the target grew.
    """

    tried: int = 0
    loaded: int = 0
    deleted: int = 0
    dropped: int = 0
    rejected: int = 0
    raw: int = 0
    growth: int = 0


class Replay:
    """The letters of one table, within the open transaction of its load.

    Args:
        transform: opens the table's scripts.
    """

    def __init__(self, transit: Transit, transform: OpenTransform) -> None:
        self._prepared = transit.prepared
        self._snapshot = transit.snapshot
        self._spool = transit.spool
        self._rejections = transit.rejections
        self._open_transform = transform
        self._stage: Stage | None = None
        self._source_stage: Stage | None = None
        self._keys: SourceKeys | None = None
        self.done = Replayed()
        self.script_columns: tuple[Column, ...] = ()

    def read(self, table_id: str) -> None:
        """Take the letters that are marked, and make rows of them; the target is not touched.

        Afterwards ``script_columns`` are those that scripts added to them.
        """
        if not self._spool.any_requested(table_id):
            return
        job, transformed = self._prepared.job, bool(self._prepared.scripts)
        columns = (*job.columns, SOURCE_COLUMN) if transformed else job.columns
        self._stage = Stage.temporary(job.connection, _STAGE, columns, job.key)
        self._source_stage = Stage.temporary(job.connection, _SOURCE_STAGE, job.columns)
        with self._open_transform() as transform:
            for lines in self._batches(table_id):
                self._take(self._source_stage, lines)
                self._make_rows(self._stage, self._source_stage, transform)

    def merge(self) -> None:
        """Bring the rows into the target, where it holds nothing newer."""
        if self._stage is None:
            return
        job, stage, done = self._prepared.job, self._stage, self.done
        staged, rejected = stage.count(), done.rejected
        present = job.target.shape()
        names = [column.name for column in job.columns]
        names += [job.rename(column.name) for column in self.script_columns]
        names = [name for name in names if present is not None and name in present.types]
        assert job.window is not None and job.watermark is not None  # else a whole reload
        watermark = job.watermark.name
        condition = "true"
        if job.key:
            merge.drop_superseded(job.connection, stage.sql, job.key, watermark)
            if job.deleted_condition is not None:
                done.deleted = stage.count(job.deleted_condition)
                gone = f"SELECT * FROM {stage.sql} WHERE {job.deleted_condition}"
                done.growth -= merge.delete_older(
                    job.connection, job.target.sql, job.key, watermark, gone
                )
                condition = f"NOT {job.deleted_condition}"
        else:
            within = in_window(job.window, watermark, job.watermark.target_type)
            # Rows of the window were read again just now, where the source still has them.
            condition = f"NOT {within or 'true'}"

        def put(among: str | None) -> merge.Merged:
            rows = f"SELECT {identifiers(names)} FROM {stage.sql} WHERE {condition}"
            if among is not None:
                rows += f" AND {among}"
            if job.key:
                return merge.merge_older(
                    job.connection, job.target.sql, names, job.key, watermark, rows
                )
            inserted = merge.insert_rows(job.connection, job.target.sql, names, rows)
            return merge.Merged(inserted, inserted)

        merged = put_with_refusals(job.connection, stage, put, self._refuse_staged)
        done.loaded = merged.rows
        done.growth += merged.fresh
        done.dropped += staged - done.loaded - done.deleted - (done.rejected - rejected)

    def _batches(self, table_id: str) -> Iterator[bytes]:
        screen = JsonScreen(self._prepared.shape.columns)
        lines: list[bytes] = []
        size = 0
        for payload in self._spool.take_requested(table_id):
            self.done.tried += 1
            values = [_text(payload.get(c.name)) for c in self._prepared.shape.columns]
            fault = screen.fault(values)
            if fault is None and any(value is not None and "\0" in value for value in values):
                fault = "a text holds a zero character, which PostgreSQL can't hold"
            if fault is not None:
                self._reject(RejectedRow("extract", fault, payload))
                continue
            lines.append(encode_line(values))
            size += len(lines[-1])
            if len(lines) >= _BATCH_LETTERS or size >= _BATCH_BYTES:
                yield b"".join(lines)
                lines, size = [], 0
        if lines:
            yield b"".join(lines)

    def _take(self, source: Stage, lines: bytes) -> None:
        """Have the source stage hold the rows that can be kept, in place of the last batch."""
        job = self._prepared.job
        source.clear()
        names = [column.name for column in job.columns]
        copy_chunk(job.connection, source.sql, names, lines, self._refuse_source)
        if job.loose_key:
            self._drop_respelled(source)
        if job.raw is not None:
            self.done.raw += job.raw.append(source.sql, job.columns, job.run_id)

    def _drop_respelled(self, source: Stage) -> None:
        """Drop letters whose key the source has come to spell in another way."""
        job = self._prepared.job
        first = job.loose_key[0]
        if self._keys is None:
            self._keys = SourceKeys(self._prepared, job.connection, self._snapshot, _KEYS)
        values = job.connection.rows(
            f"SELECT DISTINCT {identifier(first)}::text FROM {source.sql}"
            f" WHERE {identifier(first)} IS NOT NULL"
        )
        if values:
            self._keys.read_among(first, [value for (value,) in values])
        self.done.dropped += delete_superseded(
            job.connection, source.sql, job.key, job.loose_key, self._keys.sql
        )

    def _make_rows(self, stage: Stage, source: Stage, transform: TransformProcess | None) -> None:
        job = self._prepared.job
        names = [column.name for column in job.columns]
        lines, rows = source.lines(names), source.count()
        if transform is None:
            copy_chunk(job.connection, stage.sql, names, lines, self._refuse_source)
            return
        made = transform.apply(Chunk(lines, rows))
        self.done.dropped += made.dropped
        for rejected in made.rejected:
            self._reject(rejected)
        self.script_columns = made.columns[len(job.columns) :]
        renamed = [replace(c, name=job.rename(c.name)) for c in self.script_columns]
        stage.fit(renamed)
        names += [*(column.name for column in renamed), SOURCE_COLUMN.name]
        copy_chunk(job.connection, stage.sql, names, made.with_sources(), self._refuse_made)

    def _refuse_staged(self, reason: str, row: str) -> None:
        assert self._stage is not None  # it holds the row
        if self._prepared.scripts:
            self._refuse_made(reason, self._stage.line(row, [SOURCE_COLUMN.name]))
        else:
            names = [column.name for column in self._prepared.job.columns]
            self._refuse_source(reason, self._stage.line(row, names))

    def _refuse_made(self, reason: str, line: bytes) -> None:
        self._refuse_source(reason, source_line(line))

    def _refuse_source(self, reason: str, line: bytes) -> None:
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        payload = row_payload(text, self._prepared.shape.columns)
        self._reject(RejectedRow("load", reason, payload))

    def _reject(self, rejected: RejectedRow) -> None:
        self.done.rejected += 1
        self._rejections.put_back(rejected)


def _text(value: Any) -> str | None:
    """A payload's value as its type reads it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
