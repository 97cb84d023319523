"""Tables of a pipeline as they go in and come out."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from arus_api.fields import Changes, Output, UtcDatetime
from arus_dagster.catalog import PipelineTable
from arus_dagster.catalog.field_types import (
    Identifier,
    KeyColumns,
    LoadMode,
    LookbackSeconds,
    RowFilter,
    SyncMode,
)
from arus_dagster.catalog.repositories.table_results import Latest


class TableIn(Changes):
    """One table to sync. What is left out keeps what is stored, or is detected for a new table."""

    model_config = ConfigDict(populate_by_name=True)
    nullable: ClassVar[frozenset[str]] = frozenset(
        {"watermark_column", "lookback_seconds", "soft_delete_column", "row_filter"}
    )

    name: Identifier
    schema_name: Identifier | None = Field(
        default=None,
        alias="schema",
        description="May be left out where only one table of the source has the name.",
    )
    sync_mode: SyncMode | None = None
    load_mode: LoadMode | None = None
    primary_key: KeyColumns | None = Field(
        default=None,
        description="Columns that identify a row, where the source declares none (views).",
    )
    watermark_column: Identifier | None = None
    lookback_seconds: LookbackSeconds | None = None
    soft_delete_column: Identifier | None = None
    soft_delete: Literal["remove", "keep"] | None = None
    delete_detection: Literal["none", "keys"] | None = None
    row_filter: RowFilter | None = Field(
        default=None, description="A condition in the source's SQL, as after WHERE."
    )
    tinyint1_as_bool: bool | None = None
    enabled: bool | None = None

    def values(self) -> dict[str, Any]:
        """What was said about the table, besides which one it is."""
        return self.model_dump(exclude_unset=True, exclude={"name", "schema_name"})


class PipelineTableOut(Output):
    """One table of a pipeline."""

    id: uuid.UUID
    name: str
    schema_name: str = Field(alias="schema")
    target_schema: str
    target_table: str
    raw_schema: str
    raw_table: str
    sync_mode: SyncMode
    load_mode: LoadMode
    primary_key: list[str]
    watermark_column: str | None
    watermark_value: str | None = Field(
        default=None, description="Up to where the table is synced, as the source writes it."
    )
    soft_delete_column: str | None
    soft_delete: Literal["remove", "keep"]
    delete_detection: Literal["none", "keys"]
    row_filter: str | None
    lookback_seconds: int | None = Field(description="Null: the setting.")
    tinyint1_as_bool: bool
    enabled: bool
    last_synced_at: UtcDatetime | None = None
    row_count: int | None = Field(default=None, description="Rows in the target.")

    @classmethod
    def of(cls, table: PipelineTable, latest: Latest | None) -> PipelineTableOut:
        """A table with what its last successful sync left, if it had one."""
        out = cls.model_validate(table)
        if latest is not None:
            out.watermark_value = latest.watermark_value
            out.last_synced_at = latest.last_synced_at
            out.row_count = latest.row_count
        return out
