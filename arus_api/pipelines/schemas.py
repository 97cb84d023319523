"""Pipelines as they go in and come out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from arus_api.fields import Changes, Input, Output, UtcDatetime
from arus_api.pipelines.table_schemas import PipelineTableOut, TableIn
from arus_api.runs.schemas import Run
from arus_dagster.catalog.field_types import (
    MOST_TABLES,
    BackoffSeconds,
    Description,
    LoadMode,
    Name,
    ParallelTables,
    Retries,
    Schedule,
    SchemaName,
    TimeoutSeconds,
    Timezone,
)


class PipelineIn(Input):
    """A new pipeline."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Orders Pipeline",
                "source_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
                "destination_id": "8f14e45f-ceea-467f-a0e6-7f8d8e4d8c52",
                "schedule": "*/5 * * * *",
                "target_schema": "analytics",
                "load_mode": "direct",
                "tables": [
                    {
                        "name": "orders",
                        "load_mode": "direct",
                        "sync_mode": "incremental",
                        "watermark_column": "updated_at",
                    }
                ],
                "depends_on": None,
            }
        }
    )

    name: Name
    description: Description | None = None
    source_id: uuid.UUID
    destination_id: uuid.UUID | None = Field(
        default=None, description="The default destination where left out."
    )
    schedule: Schedule | None = Field(
        default=None,
        description=(
            "A cron expression of five fields. Left out: the setting `default_schedule`, or none "
            "where `depends_on` is given. Null: no schedule of its own."
        ),
    )
    timezone: Timezone | None = Field(default=None, description="IANA; null: the setting.")
    target_schema: SchemaName | None = Field(default=None, description="Null: the destination's.")
    load_mode: LoadMode = "direct"
    depends_on: uuid.UUID | None = Field(
        default=None, description="The pipeline whose success this one waits for."
    )
    max_retries: Retries | None = Field(default=None, description="Null: the setting.")
    initial_backoff: BackoffSeconds | None = Field(
        default=None, description="Seconds; null: the setting."
    )
    timeout_seconds: TimeoutSeconds | None = Field(default=None, description="Null: the setting.")
    parallel_tables: ParallelTables = Field(
        default=1, description="How many of its tables are synced at the same time."
    )
    tables: list[TableIn] = Field(default_factory=list, max_length=MOST_TABLES)


class PipelineChanges(Changes):
    """What to change of a pipeline. ``tables`` names all that it is to have then."""

    model_config = ConfigDict(json_schema_extra={"example": {"schedule": "0 * * * *"}})
    nullable: ClassVar[frozenset[str]] = frozenset(
        {
            "description",
            "schedule",
            "timezone",
            "depends_on",
            "max_retries",
            "initial_backoff",
            "timeout_seconds",
        }
    )

    name: Name | None = None
    description: Description | None = None
    source_id: uuid.UUID | None = Field(
        default=None, description="May be repeated; another source is refused."
    )
    destination_id: uuid.UUID | None = None
    schedule: Schedule | None = None
    timezone: Timezone | None = None
    target_schema: SchemaName | None = None
    load_mode: LoadMode | None = None
    depends_on: uuid.UUID | None = None
    max_retries: Retries | None = None
    initial_backoff: BackoffSeconds | None = None
    timeout_seconds: TimeoutSeconds | None = None
    parallel_tables: ParallelTables | None = None
    tables: list[TableIn] | None = Field(default=None, max_length=MOST_TABLES)


class Backfill(Input):
    """From which day on to read again."""

    model_config = ConfigDict(json_schema_extra={"example": {"from_date": "2024-01-01"}})

    from_date: date
    to_date: date | None = Field(default=None, description="The last day; null: up to now.")

    @model_validator(mode="after")
    def _in_order(self) -> Backfill:
        if self.to_date is not None and self.to_date < self.from_date:
            raise ValueError("to_date must not come before from_date")
        return self


class Endpoint(Output):
    """A source or destination, in short."""

    id: uuid.UUID
    name: str
    type: str


class PipelineStats(Output):
    """What the pipeline did."""

    total_rows_synced: int
    rows_synced_24h: int
    success_rate: float | None = Field(
        description="Share of the latest finished runs that succeeded, in percent; null before any."
    )
    avg_duration_ms: int | None = Field(description="Mean of the latest finished runs.")
    error_count_24h: int


class Drift(Output):
    """A difference between a source table's columns then and now."""

    run_id: str
    table_name: str
    kind: str
    column: str | None
    before: str | None
    after: str | None
    message: str
    detected_at: UtcDatetime


class PipelineOut(Output):
    """A pipeline; settings it leaves open are shown with the installation's value in force."""

    id: uuid.UUID
    name: str
    slug: str = Field(description="Its name as a job and asset group in Dagster.")
    description: str | None
    source_id: uuid.UUID
    destination_id: uuid.UUID
    source: Endpoint
    destination: Endpoint
    status: Literal["active", "paused"]
    schedule: str | None
    schedule_label: str | None = Field(description="The schedule in words.")
    timezone: str
    target_schema: str
    load_mode: LoadMode
    depends_on: uuid.UUID | None
    max_retries: int
    initial_backoff: int
    timeout_seconds: int
    parallel_tables: int
    inherited: list[str] = Field(
        description="Which of these fields follow the installation's settings."
    )
    tables: list[PipelineTableOut]
    stats: PipelineStats
    last_run: Run | None
    next_run_at: UtcDatetime | None
    problem: str | None = Field(
        description="Why Dagster can't load the pipeline, so that nothing starts it; mostly null."
    )
    dagster_url: str
    created_at: UtcDatetime
    updated_at: UtcDatetime


class PipelineDetail(PipelineOut):
    """A pipeline with what else is known of it."""

    drifts: list[Drift] = Field(description="The latest, newest first.")


class PipelineDeleted(Output):
    """Which pipeline is gone; what it loaded stays in the warehouse."""

    id: uuid.UUID
    deleted: bool = True


class RunStarted(Output):
    """A run that was just launched."""

    run_id: uuid.UUID
    status: Literal["pending", "running", "success", "failed", "cancelled", "skipped"]
    started_at: UtcDatetime = Field(description="When it was launched.")
    dagster_url: str


class PipelineState(Output):
    """Whether the pipeline runs by itself."""

    id: uuid.UUID
    status: Literal["active", "paused"]


class PipelineStates(Output):
    """Which pipelines changed; the others had that state already, or never run by themselves."""

    changed: list[uuid.UUID]
    unchanged: list[uuid.UUID]


class DeadLetterOut(Output):
    """A row that could not be carried over."""

    id: uuid.UUID
    pipeline_id: uuid.UUID
    table_id: uuid.UUID
    table_name: str
    run_id: uuid.UUID
    stage: Literal["extract", "transform", "load"]
    error: str
    row: dict[str, Any]
    created_at: UtcDatetime
    last_seen_at: UtcDatetime
    replay_requested_at: UtcDatetime | None


class DeadLetterChoice(Input):
    """Which dead letters; all of the pipeline's where left out."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"ids": ["166167ef-297c-4e22-a9b9-663f6daef227"]}}
    )

    ids: list[uuid.UUID] | None = Field(default=None, max_length=10_000)


class Replayed(Output):
    """How many rows are tried again, and by which run."""

    replayed: int
    run_id: uuid.UUID | None = Field(
        description="Null where nothing is replayed, or where the next run does it: one is active."
    )


class Discarded(Output):
    """How many dead letters are gone."""

    discarded: int
