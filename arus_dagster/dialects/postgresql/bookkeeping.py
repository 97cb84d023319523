"""The tables in which the warehouse keeps account of itself, beside the data.

Owns ``_arus_state``, ``_arus_raw_runs`` and ``_dead_letters`` of a raw schema: their definitions,
and the saved state of a table. They stand with the data so that one transaction covers both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.postgresql.connection import Apart, Connection
from arus_dagster.dialects.postgresql.names import identifier, literal

STATE_TABLE = "_arus_state"
RAW_RUNS_TABLE = "_arus_raw_runs"
DEAD_LETTERS_TABLE = "_dead_letters"

_DEFINITIONS = {
    STATE_TABLE: """
        table_id text PRIMARY KEY,
        source_place text NOT NULL,
        watermark_column text,
        watermark text,
        deleted_watermark text,
        row_filter text,
        deleted_column text,
        primary_key jsonb NOT NULL,
        source_columns jsonb NOT NULL,
        script_columns jsonb NOT NULL,
        row_count bigint NOT NULL,
        run_id uuid NOT NULL,
        synced_at timestamptz NOT NULL DEFAULT now()
    """,
    # Which rows of a raw table a run brought: ids rise, so a run's rows are one range.
    RAW_RUNS_TABLE: """
        table_id text NOT NULL,
        run_id uuid NOT NULL,
        last_id bigint NOT NULL,
        loaded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (table_id, last_id)
    """,
    # ``row`` is json, not jsonb: a payload may hold what jsonb can't, such as a zero character.
    DEAD_LETTERS_TABLE: """
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        pipeline_id text NOT NULL,
        table_id text NOT NULL,
        table_name text NOT NULL,
        run_id uuid NOT NULL,
        stage text NOT NULL,
        error text NOT NULL,
        "row" json NOT NULL,
        fingerprint text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        replay_requested_at timestamptz,
        UNIQUE (table_id, fingerprint)
    """,
}
_INDEXES = {
    DEAD_LETTERS_TABLE: "(pipeline_id, created_at)",
}
# Making tables "if not exists" from two sessions at once fails in one of them; this number,
# chosen at random, names the lock that sets them in a row.
_SETUP_LOCK = 7_061_153_802_944_018_127


@dataclass(frozen=True, slots=True)
class TableState:
    """What the last successful sync of a table left.

    Args:
        source_place: the database that was read; watermarks of one say nothing about another.
        watermark, deleted_watermark: the source's own text, full precision.
        deleted_column: the column by which rows were taken out of the target, if any.
        source_columns: the source's columns then.
        script_columns: those that scripts added, under the names scripts give them.
        row_count: the target's rows.
    """

    source_place: str
    watermark_column: str | None
    watermark: str | None
    deleted_watermark: str | None
    row_filter: str | None
    deleted_column: str | None
    primary_key: tuple[str, ...]
    source_columns: tuple[Column, ...]
    script_columns: tuple[Column, ...]
    row_count: int


def ensure_schemas(
    connection: Connection, schemas: Iterable[str], raw_schema: str, apart: Apart
) -> None:
    """Make the schemas and the raw schema's own tables where they are missing."""
    wanted = set(schemas) | {raw_schema}
    present = {
        row[0]
        for row in connection.rows(
            "SELECT nspname::text FROM pg_namespace WHERE nspname IN"
            f" ({', '.join(literal(name) for name in wanted)})"
        )
    }
    tables = {
        row[0]
        for row in connection.rows(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE n.nspname = {literal(raw_schema)} AND c.relkind = 'r'"
        )
    }
    if wanted <= present and tables >= set(_DEFINITIONS):
        return
    with apart() as setup:
        setup.execute(f"SELECT pg_advisory_xact_lock({_SETUP_LOCK})")
        for schema in sorted(wanted - present):
            setup.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
        for table, definition in _DEFINITIONS.items():
            own = f"{identifier(raw_schema)}.{table}"
            setup.execute(f"CREATE TABLE IF NOT EXISTS {own} ({definition})")
            if table in _INDEXES:
                setup.execute(
                    f"CREATE INDEX IF NOT EXISTS {table}_listing ON {own} {_INDEXES[table]}"
                )


def read_state(connection: Connection, raw_schema: str, table_id: str) -> TableState | None:
    """The table's saved state, or None before its first sync."""
    row = connection.row(
        "SELECT source_place, watermark_column, watermark, deleted_watermark, row_filter,"
        " deleted_column, primary_key, source_columns, script_columns, row_count"
        f" FROM {identifier(raw_schema)}.{STATE_TABLE}"
        f" WHERE table_id = {literal(table_id)}"
    )
    if row is None:
        return None
    return TableState(
        source_place=row[0],
        watermark_column=row[1],
        watermark=row[2],
        deleted_watermark=row[3],
        row_filter=row[4],
        deleted_column=row[5],
        primary_key=tuple(row[6]),
        source_columns=tuple(_column(stored) for stored in row[7]),
        script_columns=tuple(_column(stored) for stored in row[8]),
        row_count=row[9],
    )


def write_state(
    connection: Connection, raw_schema: str, table_id: str, run_id: str, state: TableState
) -> None:
    """Save the table's state, in the caller's transaction."""
    values = {
        "table_id": literal(table_id),
        "source_place": literal(state.source_place),
        "watermark_column": _optional(state.watermark_column),
        "watermark": _optional(state.watermark),
        "deleted_watermark": _optional(state.deleted_watermark),
        "row_filter": _optional(state.row_filter),
        "deleted_column": _optional(state.deleted_column),
        "primary_key": literal(json.dumps(state.primary_key)),
        "source_columns": literal(json.dumps([_stored(c) for c in state.source_columns])),
        "script_columns": literal(json.dumps([_stored(c) for c in state.script_columns])),
        "row_count": str(int(state.row_count)),
        "run_id": literal(run_id),
        "synced_at": "now()",
    }
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in values if name != "table_id")
    connection.execute(
        f"INSERT INTO {identifier(raw_schema)}.{STATE_TABLE} ({', '.join(values)})"
        f" VALUES ({', '.join(values.values())}) ON CONFLICT (table_id) DO UPDATE SET {updates}"
    )


def _optional(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _stored(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "source_type": column.source_type,
        "target_type": column.target_type,
        "nullable": column.nullable,
        "key_position": column.key_position,
    }


def _column(stored: dict[str, Any]) -> Column:
    return Column(
        name=stored["name"],
        source_type=stored["source_type"],
        target_type=stored["target_type"],
        nullable=stored["nullable"],
        key_position=stored["key_position"],
    )
