"""Rows that could not be carried over, kept in the warehouse until someone decides.

Owns the dead-letter table's contents: what a load adds, and what a person lists, discards or has
tried again. The same row failing in run after run is one letter, seen again. A replay is a mark
on a letter; the table's next sync tries the marked rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arus_dagster.dialects.base import ConnectionSpec, RejectedRow, Stage
from arus_dagster.dialects.copy_text import encode_line
from arus_dagster.dialects.postgresql.bookkeeping import DEAD_LETTERS_TABLE
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import identifier, literal

_SPOOL = "_arus_rejected"
_SPOOL_BATCH = 100


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row in the dead letters.

    Args:
        table_name: the source table, ``schema.table``.
        row: the payload, decoded from JSON; numbers that a float can't hold are text.
        created_at, last_seen_at: in UTC; the first and the latest run that met the row.
    """

    id: str
    pipeline_id: str
    table_id: str
    table_name: str
    run_id: str
    stage: Stage
    error: str
    row: Mapping[str, Any]
    created_at: datetime
    last_seen_at: datetime
    replay_requested_at: datetime | None


class DeadLetterStore:
    """The dead letters of a warehouse, for people.

    Each call opens a connection of its own. A warehouse into which nothing was ever loaded has
    no letters.

    Args:
        spec: how to reach the warehouse.
        raw_schema: where the dead-letter table stands.
    """

    def __init__(self, spec: ConnectionSpec, raw_schema: str) -> None:
        self._spec = spec
        self._raw_schema = raw_schema
        self._table = f"{identifier(raw_schema)}.{DEAD_LETTERS_TABLE}"

    def list(
        self, pipeline_id: str, *, table_id: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[Sequence[DeadLetter], int]:
        """A page of a pipeline's letters, newest first, and how many there are in all."""
        condition = self._condition(pipeline_id, table_id)
        with self._open() as connection, connection.transaction():
            if not self._exists(connection):
                return (), 0
            total = int(connection.value(f"SELECT count(*) FROM {self._table} WHERE {condition}"))
            rows = connection.rows(
                "SELECT id::text, pipeline_id, table_id, table_name, run_id::text, stage, error,"
                ' "row"::text, created_at, last_seen_at, replay_requested_at'
                f" FROM {self._table} WHERE {condition}"
                f" ORDER BY created_at DESC, id LIMIT {int(limit)} OFFSET {int(offset)}"
            )
        return [_letter(row) for row in rows], total

    def discard(
        self,
        pipeline_id: str,
        *,
        table_id: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> int:
        """Delete letters (all of the pipeline's, or those named); how many there were."""
        return self._change("DELETE FROM {table} WHERE {condition}", pipeline_id, table_id, ids)

    def request_replay(
        self,
        pipeline_id: str,
        *,
        table_id: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> int:
        """Mark letters to be tried by their table's next sync; how many are marked."""
        return self._change(
            "UPDATE {table} SET replay_requested_at = now() WHERE {condition}",
            pipeline_id,
            table_id,
            ids,
        )

    def _change(
        self, statement: str, pipeline_id: str, table_id: str | None, ids: Sequence[str] | None
    ) -> int:
        condition = self._condition(pipeline_id, table_id)
        if ids is not None:
            if not ids:
                return 0
            condition += f" AND id::text IN ({', '.join(literal(i) for i in ids)})"
        with self._open() as connection, connection.transaction():
            if not self._exists(connection):
                return 0
            return connection.execute(
                statement.replace("{table}", self._table).replace("{condition}", condition)
            )

    def _condition(self, pipeline_id: str, table_id: str | None) -> str:
        condition = f"pipeline_id = {literal(pipeline_id)}"
        return condition if table_id is None else f"{condition} AND table_id = {literal(table_id)}"

    def _exists(self, connection: Connection) -> bool:
        return connection.value(f"SELECT to_regclass({literal(self._table)}) IS NOT NULL") is True

    def _open(self) -> Connection:
        return Connection(
            self._spec,
            application="arus dead letters",
            silence_seconds=float(self._spec.read_timeout_seconds),
        )


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    return DeadLetter(
        id=row[0],
        pipeline_id=row[1],
        table_id=row[2],
        table_name=row[3],
        run_id=row[4],
        stage=row[5],
        error=row[6],
        row=json.loads(row[7], parse_float=str),
        created_at=row[8],
        last_seen_at=row[9],
        replay_requested_at=row[10],
    )


class DeadLetterSpool:
    """The letters of one load, held in the warehouse until the load commits.

    Args:
        connection: the load's session.
        raw_schema: where the dead-letter table stands.
    """

    def __init__(self, connection: Connection, raw_schema: str) -> None:
        self._connection = connection
        self._table = f"{identifier(raw_schema)}.{DEAD_LETTERS_TABLE}"
        self._waiting: list[RejectedRow] = []
        self._made = False
        self.count = 0

    def add(self, rejected: RejectedRow) -> None:
        """Keep a row; only a few stay in this process's memory."""
        self._waiting.append(rejected)
        self.count += 1
        if len(self._waiting) >= _SPOOL_BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand the waiting rows to the server, inside the load's transaction."""
        if not self._waiting:
            return
        if not self._made:
            self._connection.execute(
                f"CREATE TEMP TABLE {_SPOOL} (position serial, stage text, error text,"
                ' "row" json) ON COMMIT DROP'
            )
            self._made = True
        lines = b"".join(
            encode_line(
                (
                    rejected.stage,
                    _text(rejected.reason),
                    json.dumps(rejected.payload, default=str),
                )
            )
            for rejected in self._waiting
        )
        self._connection.copy_in(f'COPY {_SPOOL} (stage, error, "row") FROM STDIN', lines)
        self._waiting.clear()

    def store(self, pipeline_id: str, table_id: str, table_name: str, run_id: str) -> None:
        """Put the rows into the dead-letter table, in the caller's transaction."""
        self.flush()
        if not self._made:
            return
        self._connection.execute(
            f"INSERT INTO {self._table} AS old"
            ' (pipeline_id, table_id, table_name, run_id, stage, error, "row", fingerprint)'
            f" SELECT {literal(pipeline_id)}, {literal(table_id)}, {literal(table_name)},"
            f' {literal(run_id)}::uuid, stage, error, "row",'
            # Rows alike in all values stay as many letters as they are rows.
            " md5(stage || \"row\"::text) || '-' ||"
            ' row_number() OVER (PARTITION BY stage, "row"::text ORDER BY position)'
            f" FROM {_SPOOL}"
            " ON CONFLICT (table_id, fingerprint) DO UPDATE SET run_id = EXCLUDED.run_id,"
            " error = EXCLUDED.error, last_seen_at = now(), replay_requested_at = NULL"
        )

    def any_known(self, table_id: str) -> bool:
        """Whether rows of the table are in the dead letters."""
        found = self._connection.row(
            f"SELECT 1 FROM {self._table} WHERE table_id = {literal(table_id)} LIMIT 1"
        )
        return found is not None

    def any_requested(self, table_id: str) -> bool:
        """Whether letters of the table are marked for replay."""
        found = self._connection.row(
            f"SELECT 1 FROM {self._table} WHERE table_id = {literal(table_id)}"
            " AND replay_requested_at IS NOT NULL LIMIT 1"
        )
        return found is not None

    def take_requested(self, table_id: str) -> Iterator[Mapping[str, Any]]:
        """Take the letters marked for replay out of the table, and give their payloads.

        One that fails again is added again; otherwise it is done with.
        """
        while True:
            row = self._connection.row(
                f"DELETE FROM {self._table} WHERE id = (SELECT id FROM {self._table}"
                f" WHERE table_id = {literal(table_id)} AND replay_requested_at IS NOT NULL"
                ' ORDER BY created_at, id LIMIT 1) RETURNING "row"::text'
            )
            if row is None:
                return
            # Numbers as they are written: a float would round them.
            yield json.loads(row[0], parse_float=str)

    def forget_unseen(self, table_id: str, run_id: str) -> None:
        """Drop the table's letters that a whole reload did not meet again."""
        self._connection.execute(
            f"DELETE FROM {self._table} WHERE table_id = {literal(table_id)}"
            f" AND run_id <> {literal(run_id)}::uuid"
        )


def _text(value: str) -> str:
    return value.replace("\0", "\\0")
