"""Arus's engine alone: one table from a source to a warehouse, in this process.

Owns the request; the platform around the engine is measured elsewhere.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from arus_dagster.dialects.base import TableRef
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import RunSpec, Script, SyncRequest, TableSpec
from arus_dagster.engine.sync import sync_table
from benchmarks.tables import source_schema
from tests.servers import Database

TARGET_SCHEMA = "arus"
RAW_SCHEMA = "arus_raw"
_NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Lane:
    """A table's way.

    Args:
        table: fields of TableSpec beside names and mode.
    """

    source: Database
    warehouse: Database
    name: str
    watermark: str | None = None
    scripts: tuple[str, ...] = ()
    table: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec = TableSpec(
            id=str(uuid.uuid4()),
            source=TableRef(source_schema(self.source), self.name),
            target=TableRef(TARGET_SCHEMA, self.name),
            raw=TableRef(RAW_SCHEMA, f"{self.name}_raw"),
            sync_mode="incremental" if self.watermark else "full_refresh",
            watermark_column=self.watermark,
            **self.table,
        )

    @property
    def target(self) -> str:
        return f"{TARGET_SCHEMA}.{self.name}"

    def request(self, **run: Any) -> SyncRequest:
        """What the engine is told; ``run`` are fields of RunSpec."""
        return SyncRequest(
            pipeline_id=_NOBODY,
            pipeline_name="benchmark",
            source=self.source.spec,
            destination=self.warehouse.spec,
            raw_schema=RAW_SCHEMA,
            table=self.spec,
            run=RunSpec(id=str(uuid.uuid4()), **run),
            scripts=tuple(Script(f"script {n}", text) for n, text in enumerate(self.scripts)),
        )

    def sync(self, **run: Any) -> SyncResult:
        """Sync once."""
        return sync_table(
            self.request(**run), on_message=lambda level, text: None, cancel=CancelToken()
        )

    def forget(self) -> None:
        """Drop what was loaded, and be another table from here on: the next sync is the first."""
        self.warehouse.execute(
            f"DROP SCHEMA IF EXISTS {TARGET_SCHEMA} CASCADE",
            f"DROP SCHEMA IF EXISTS {RAW_SCHEMA} CASCADE",
        )
        self.spec = replace(self.spec, id=str(uuid.uuid4()))
