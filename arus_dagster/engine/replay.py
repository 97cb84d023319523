"""Dead letters that a person asked to try again.

Owns the second chance: letters go the way of ordinary rows, scripts included, but never put an
older form of a row over a newer one. A whole reload needs none of this, for it meets every row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from arus_dagster.dialects.base import Chunk, Column, RejectedRow
from arus_dagster.dialects.copy_text import encode_line
from arus_dagster.dialects.postgresql import merge
from arus_dagster.dialects.postgresql.dead_letters import DeadLetterSpool
from arus_dagster.dialects.postgresql.json_screen import JsonScreen
from arus_dagster.dialects.postgresql.names import identifiers
from arus_dagster.dialects.postgresql.predicates import in_window
from arus_dagster.dialects.postgresql.stage import Stage, copy_chunk
from arus_dagster.engine.dead_letters import Rejections
from arus_dagster.engine.preparation import Prepared
from arus_dagster.engine.transform.payload import row_payload
from arus_dagster.engine.transform.process import TransformProcess

_STAGE = "_arus_replay"

OpenTransform = Callable[[], AbstractContextManager[TransformProcess | None]]


@dataclass(slots=True)
class Replayed:
    """What became of the letters; ``tried`` = ``loaded`` + ``dropped`` + those rejected again.

    Args:
        dropped: by a script, or because the target holds a newer row.
        growth: by how many rows the target grew.
    """

    tried: int = 0
    loaded: int = 0
    dropped: int = 0
    growth: int = 0


class Replay:
    """The letters of one table, within the open transaction of its load.

    Args:
        script_columns: those that scripts added so far, for letters that scripts made.
        transform: opens the table's scripts.
    """

    def __init__(
        self,
        prepared: Prepared,
        script_columns: Sequence[Column],
        spool: DeadLetterSpool,
        rejections: Rejections,
        transform: OpenTransform,
    ) -> None:
        self._prepared = prepared
        self._script_columns = tuple(script_columns)
        self._spool = spool
        self._rejections = rejections
        self._open_transform = transform
        self._stage: Stage | None = None
        self._staged: dict[str, Column] = {}
        self._done = Replayed()

    def run(self, table_id: str) -> Replayed:
        """Try the letters that are marked."""
        if not self._spool.any_requested(table_id):
            return self._done
        with self._open_transform() as transform:
            for payload, transformed in self._spool.take_requested(table_id):
                self._done.tried += 1
                self._try(payload, transform, transformed=transformed)
        if self._stage is not None:
            staged = self._stage.count()
            merged = self._merge(self._stage)
            self._done.loaded = merged.rows
            self._done.growth = merged.fresh
            self._done.dropped += staged - merged.rows
        return self._done

    def _try(
        self, payload: Mapping[str, Any], transform: TransformProcess | None, *, transformed: bool
    ) -> None:
        columns = self._prepared.shape.columns
        if transformed:
            columns += self._script_columns
        values = [_text(payload.get(column.name)) for column in columns]
        fault = JsonScreen(columns).fault(values)
        if fault is None and any(value is not None and "\0" in value for value in values):
            fault = "a text holds a zero character, which PostgreSQL can't hold"
        if fault is not None:
            self._rejections.add(RejectedRow("extract", fault, payload), transformed=transformed)
            return
        line = encode_line(values)
        if transform is None or transformed:
            self._put(line, columns, transformed=transformed)
            return
        made = transform.apply(Chunk(line, 1))
        self._done.dropped += made.dropped
        for rejected in made.rejected:
            self._rejections.add(rejected)
        if made.rows:
            self._put(made.data, made.columns, transformed=True)

    def _put(self, line: bytes, columns: tuple[Column, ...], *, transformed: bool) -> None:
        job = self._prepared.job
        named = [replace(column, name=job.rename(column.name)) for column in columns]
        if self._stage is None:
            self._stage = Stage(job.connection, _STAGE, named, job.key)
        else:
            self._stage.fit(named)
        self._staged.update((column.name, column) for column in named)

        def refuse(reason: str, refused: bytes) -> None:
            text = refused.removesuffix(b"\n").decode("utf-8", "surrogateescape")
            self._rejections.add(
                RejectedRow("load", reason, row_payload(text, columns)), transformed=transformed
            )

        copy_chunk(
            job.connection,
            self._stage.sql,
            [column.name for column in named],
            line,
            refuse,
            in_transaction=True,
        )

    def _merge(self, stage: Stage) -> merge.Merged:
        job = self._prepared.job
        present = job.target.shape()
        names = [name for name in self._staged if present is not None and name in present.types]
        rows = f"SELECT {identifiers(names)} FROM {stage.sql}"
        watermark = job.watermark.name if job.watermark else None
        if job.key:
            merge.drop_superseded(job.connection, stage.sql, job.key, watermark)
            if job.deleted_condition is not None:
                rows += f" WHERE NOT {job.deleted_condition}"
            return merge.merge_older(
                job.connection, job.target.sql, names, job.key, watermark, rows
            )
        assert job.window is not None and job.watermark is not None  # else a whole reload
        within = in_window(job.window, job.watermark.name, job.watermark.target_type)
        # Rows of the window were read again just now, where the source still has them.
        rows += f" WHERE NOT {within or 'true'}"
        inserted = merge.insert_rows(job.connection, job.target.sql, names, rows)
        return merge.Merged(inserted, inserted)


def _text(value: Any) -> str | None:
    """A payload's value as its type reads it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
