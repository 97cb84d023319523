"""A PostgreSQL source and a warehouse, and a way to sync a table between them in one line."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from arus_dagster.dialects.base import ConnectionSpec, TableRef
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import Policy, RunSpec, Script, SyncRequest, TableSpec
from arus_dagster.engine.sync import sync_table
from tests.gate import WAIT_SECONDS
from tests.servers import Database

IDENTITY = "def transform(row):\n    return row\n"
TARGET_SCHEMA = "analytics"
RAW_SCHEMA = "staging"
# What a sync tells when rows cross without becoming text.
IN_BINARY = ("DEBUG", "rows move in binary form")
PIPELINE_ID = "5b0f6f0e-55a5-4d6e-9df5-0c2f4f4ad3a1"


@dataclass
class Lane:
    """One table's way from a source into a warehouse.

    Args:
        messages: what the last syncs told, as (level, text).
        destination: another way to reach the warehouse, if any.
    """

    source: ConnectionSpec
    warehouse: Database
    table: TableSpec
    policy: Policy = field(default_factory=Policy)
    scripts: tuple[Script, ...] = ()
    messages: list[tuple[str, str]] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    destination: ConnectionSpec | None = None

    def request(self, **run: Any) -> SyncRequest:
        run_id = str(uuid.uuid4())
        self.run_ids.append(run_id)
        return SyncRequest(
            pipeline_id=PIPELINE_ID,
            pipeline_name="test",
            source=self.source,
            destination=self.destination or self.warehouse.spec,
            raw_schema=RAW_SCHEMA,
            table=self.table,
            run=RunSpec(id=run_id, **run),
            policy=self.policy,
            scripts=self.scripts,
        )

    def sync(self, cancel: CancelToken | None = None, **run: Any) -> SyncResult:
        """Sync once; ``run`` are fields of RunSpec."""
        return sync_table(
            self.request(**run),
            on_message=lambda level, text: self.messages.append((level, text)),
            cancel=cancel or CancelToken(),
        )

    def set(self, **changes: Any) -> None:
        """Change fields of the table's configuration."""
        self.table = replace(self.table, **changes)

    def set_policy(self, **changes: Any) -> None:
        self.policy = replace(self.policy, **changes)

    @property
    def target(self) -> str:
        schema, name = self.table.target.schema, self.table.target.name
        return '"{}"."{}"'.format(schema.replace('"', '""'), name.replace('"', '""'))

    def rows(self, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
        """The target's rows."""
        return self.warehouse.rows(f"SELECT {columns} FROM {self.target} ORDER BY {order}")

    def target_types(self) -> dict[str, str]:
        """The target's columns and types, without Arus's own."""
        name = self.target.replace("'", "''")
        return dict(
            self.warehouse.rows(
                "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
                f" WHERE attrelid = '{name}'::regclass AND attnum > 0"
                " AND NOT attisdropped"
                " AND attname NOT IN ('_arus_run_id', '_arus_synced_at') ORDER BY attnum"
            )
        )

    def state(self) -> tuple[str | None, str | None]:
        """The saved watermark and deleted watermark."""
        ((watermark, deleted),) = self.warehouse.rows(
            f"SELECT watermark, deleted_watermark FROM {RAW_SCHEMA}._arus_state"
            f" WHERE table_id = '{self.table.id}'"
        )
        return watermark, deleted

    def letters(self) -> list[tuple[Any, ...]]:
        """The dead letters as (stage, error, row)."""
        return self.warehouse.rows(
            f'SELECT stage, error, "row" FROM {RAW_SCHEMA}._dead_letters'
            f" WHERE table_id = '{self.table.id}' ORDER BY created_at, stage, error"
        )


class Lanes:
    """Makes lanes from the test's source to the test's warehouse."""

    def __init__(self, source: Database, warehouse: Database) -> None:
        self.source = source
        self.warehouse = warehouse

    def __call__(
        self,
        name: str,
        *,
        schema: str = "public",
        watermark: str | None = None,
        scripts: Sequence[str] = (),
        **table: Any,
    ) -> Lane:
        """A lane for a source table; incremental if a watermark is named."""
        target = table.pop("target", TableRef(TARGET_SCHEMA, name))
        spec = TableSpec(
            id=str(uuid.uuid4()),
            source=TableRef(schema, name),
            target=target,
            sync_mode="incremental" if watermark else "full_refresh",
            watermark_column=watermark,
            raw=TableRef(RAW_SCHEMA, f"shop_{target.name}_raw"[:63]),
            **table,
        )
        return Lane(
            source=self.source.spec,
            warehouse=self.warehouse,
            table=spec,
            scripts=tuple(Script(f"script {n}", text) for n, text in enumerate(scripts)),
        )


class Running:
    """A sync in a thread."""

    def __init__(self, lane: Lane, **run: Any) -> None:
        self.cancel = CancelToken()
        self._outcome: list[SyncResult | BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(lane, run))
        self._thread.start()

    def _run(self, lane: Lane, run: dict[str, Any]) -> None:
        try:
            self._outcome.append(lane.sync(self.cancel, **run))
        except Exception as error:  # noqa: BLE001 - kept for the test to look at
            self._outcome.append(error)

    def outcome(self) -> SyncResult | BaseException:
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive(), "the sync did not end"
        return self._outcome[0]


@pytest.fixture
def lanes(pg_source_db: Database, warehouse_db: Database) -> Lanes:
    return Lanes(pg_source_db, warehouse_db)


@pytest.fixture
def source(pg_source_db: Database) -> Database:
    return pg_source_db


@pytest.fixture
def warehouse(warehouse_db: Database) -> Database:
    return warehouse_db


@pytest.fixture(params=["direct", "raw"])
def load_mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)
