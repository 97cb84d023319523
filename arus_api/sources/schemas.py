"""Sources, and the tables in them, as they go in and come out."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import ConfigDict, Field

from arus_api.connections import ConnectionChanges, ConnectionIn, ConnectionOut
from arus_api.fields import Input, Output
from arus_api.pipelines.table_schemas import PipelineTableOut, TableIn
from arus_dagster.catalog.field_types import MOST_TABLES, Patterns
from arus_dagster.dialects.base import SourceType
from arus_dagster.dialects.detection import SyncMethod

TableKind = Literal["table", "view", "materialized_view", "partitioned_table"]

_INCLUDE = (
    "Globs of tables to take, or of `schema.table`; `*`, `?` and `[...]` are special, a leading "
    "`+` changes nothing. Empty takes all."
)
_EXCLUDE = "Globs of tables to leave out, even if included; a leading `-` changes nothing."
_SCHEMAS = "Globs of schemas to look into. Empty looks into all."
_METHOD = "How the sync mode of a table is chosen where none is given."


class SourceIn(ConnectionIn):
    """A new source."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Production DB",
                "type": "mysql",
                "host": "db.example.com",
                "port": 3306,
                "database": "mydb",
                "username": "reader",
                "password": "secret",
                "sync_method": "auto",
                "table_include": ["+orders*", "+users*"],
                "table_exclude": ["-audit_*"],
            }
        }
    )

    type: SourceType
    sync_method: SyncMethod = Field(default="auto", description=_METHOD)
    table_include: Patterns = Field(default_factory=list, description=_INCLUDE)
    table_exclude: Patterns = Field(default_factory=list, description=_EXCLUDE)
    schema_include: Patterns = Field(default_factory=list, description=_SCHEMAS)


class SourceChanges(ConnectionChanges):
    """What to change of a source; a field left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"host": "replica.example.com", "table_exclude": ["-tmp_*"]}}
    )

    type: SourceType | None = None
    sync_method: SyncMethod | None = Field(default=None, description=_METHOD)
    table_include: Patterns | None = Field(default=None, description=_INCLUDE)
    table_exclude: Patterns | None = Field(default=None, description=_EXCLUDE)
    schema_include: Patterns | None = Field(default=None, description=_SCHEMAS)


class SourceOut(ConnectionOut):
    """A source."""

    id: uuid.UUID
    slug: str = Field(description="Its name in Dagster's asset keys; kept through renames.")
    type: SourceType
    sync_method: SyncMethod = Field(description=_METHOD)
    table_include: list[str] = Field(description=_INCLUDE)
    table_exclude: list[str] = Field(description=_EXCLUDE)
    schema_include: list[str] = Field(description=_SCHEMAS)
    table_count: int = Field(description="Tables that the last discovery found.")
    enabled_table_count: int = Field(
        description="Those that pipelines sync; all, while no pipeline reads the source."
    )


class SourceDeleted(Output):
    """Which source is gone."""

    id: uuid.UUID
    deleted: bool = True


class DiscoveredColumn(Output):
    """A column of a discovered table."""

    name: str
    type: str = Field(description="As the source declares it.")
    target_type: str = Field(description="As the warehouse will hold it.")
    nullable: bool
    primary_key: bool


class DiscoveredTable(Output):
    """A table of the source, and how it is best synced."""

    name: str
    schema_name: str = Field(alias="schema")
    kind: TableKind
    row_count_estimate: int | None
    columns: list[DiscoveredColumn]
    primary_key: list[str]
    detected_sync: Literal["incremental", "full_refresh"]
    watermark_column: str | None = Field(description="Set where `detected_sync` is incremental.")
    watermark_candidates: list[str] = Field(description="All that could serve, best first.")
    soft_delete_column: str | None = Field(description="Marks rows as deleted.")
    enabled: bool = Field(
        description="Whether a pipeline syncs it; true for all while none reads the source."
    )


class Discovery(Output):
    """What was found in a source."""

    source_id: uuid.UUID
    tables: list[DiscoveredTable]


class Schemas(Output):
    """The schemas of a source."""

    source_id: uuid.UUID
    schemas: list[str]


class TableSelection(Input):
    """The tables of a source that are to be synced: all of them, in this order."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "tables": [
                    {
                        "name": "orders",
                        "sync_mode": "incremental",
                        "load_mode": "direct",
                        "enabled": True,
                    }
                ]
            }
        }
    )

    tables: list[TableIn] = Field(max_length=MOST_TABLES)


class SelectionOut(Output):
    """The selection, and the pipeline that follows it."""

    source_id: uuid.UUID
    pipeline_id: uuid.UUID
    pipeline_name: str
    destination_id: uuid.UUID
    schedule: str | None
    tables: list[PipelineTableOut]
