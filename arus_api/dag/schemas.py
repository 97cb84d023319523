"""The dependency graph as it is shown."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import ConfigDict, Field

from arus_api.fields import Output, UtcDatetime
from arus_api.runs.schemas import RunStatusName

Layer = Literal["source", "raw", "target"]
AssetStatus = Literal["external", "pending", "success", "failed"]


class DagAsset(Output):
    """A table in one of its three layers."""

    id: str = Field(description="The asset's key in Dagster, its parts joined by slashes.")
    name: str
    layer: Layer
    schema_name: str = Field(alias="schema", serialization_alias="schema")
    table: str
    sync_mode: Literal["incremental", "full_refresh"]
    status: AssetStatus = Field(
        description="Of the last attempt; `pending` before the first, `external` for a source."
    )
    rows: int | None = Field(description="Rows in the target, or put into the raw table last.")
    duration_ms: int | None = Field(description="Of the last attempt.")
    error: str | None = Field(description="Why the last attempt failed, if it did.")
    last_materialized_at: UtcDatetime | None
    dagster_url: str

    model_config = ConfigDict(populate_by_name=True)


class DagEdge(Output):
    """From one asset, or pipeline, to the one that depends on it."""

    source: str = Field(alias="from", serialization_alias="from")
    target: str = Field(alias="to", serialization_alias="to")

    model_config = ConfigDict(populate_by_name=True)


class DagPipeline(Output):
    """A pipeline with its assets and the edges between them."""

    id: uuid.UUID
    name: str
    source_name: str
    status: Literal["active", "paused"]
    last_run_status: RunStatusName | None
    depends_on: uuid.UUID | None
    has_raw_mode: bool
    table_count: int
    assets: list[DagAsset]
    edges: list[DagEdge]


class Dag(Output):
    """Every pipeline, and the edges between pipelines, which name pipeline ids."""

    pipelines: list[DagPipeline]
    edges: list[DagEdge]
