"""Runs as they are shown."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from pydantic import Field

from arus_api.fields import Output, UtcDatetime

RunStatusName = Literal["pending", "running", "success", "failed", "cancelled", "skipped"]
TriggerType = Literal["scheduled", "manual", "backfill", "full_refresh", "retry", "dependency"]
Mode = Literal["sync", "full_refresh", "backfill"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Run(Output):
    """One run of a pipeline. Its id is the id of the run in Dagster."""

    id: uuid.UUID
    pipeline_id: uuid.UUID | None = Field(
        description="Null for a run that Dagster keeps of something else than a pipeline."
    )
    pipeline_name: str = Field(description="The name in Dagster, once the pipeline is deleted.")
    status: RunStatusName
    trigger_type: TriggerType
    mode: Mode
    from_date: str | None = Field(description="First day of a backfill.")
    to_date: str | None = Field(description="Last day of a backfill.")
    created_at: UtcDatetime = Field(description="When the run was asked for.")
    started_at: UtcDatetime | None
    finished_at: UtcDatetime | None
    duration_ms: int | None = Field(description="From start to end; null before the end.")
    rows_synced: int = Field(description="Rows put into targets, over all tables.")
    error_message: str | None
    skip_reason: str | None
    attempt: int = Field(ge=1, description="1, and one more for each retry of a retry.")
    retried_from: uuid.UUID | None = Field(description="The run that this one tries again.")
    dagster_url: str


class RetryStarted(Run):
    """The run that tries another again, with its id also where other actions give it."""

    run_id: uuid.UUID = Field(description="The same as `id`.")

    @classmethod
    def of(cls, run: Run) -> RetryStarted:
        """The answer about a run that was just launched."""
        return cls(**dict(run), run_id=run.id)


class TableOutcome(Output):
    """What a run did with one table."""

    table_name: str
    rows_extracted: int
    rows_loaded_raw: int
    rows_loaded: int
    rows_deleted: int = Field(description="Rows that took a row out of the target.")
    rows_dropped: int = Field(description="Rows that a script or a later row of the key dropped.")
    rows_failed: int = Field(description="Rows put into the dead letters.")
    rows_removed: int = Field(description="Target rows found gone from the source.")
    row_count: int | None = Field(description="Rows in the target afterwards.")
    watermark_before: str | None
    watermark_after: str | None
    duration_ms: int
    bytes: int
    full: bool = Field(description="Whether the whole table was read.")
    warnings: dict[str, int] = Field(description="Kind of a change by rule, to how many values.")
    error_message: str | None
    checks: list[dict[str, Any]] = Field(
        description="Quality checks: `name`, `passed`, `message`, `expected`, `actual`."
    )
    finished_at: UtcDatetime


class RunDetail(Run):
    """A run with its tables, in the order in which they finished."""

    tables: list[TableOutcome]


class RunLog(Output):
    """One line of a run's log."""

    timestamp: UtcDatetime
    level: LogLevel
    message: str
    table: str | None = Field(description="`schema.table` of the source, where it is about one.")


class DailyStatistics(Output):
    """The runs that were asked for on one day, in UTC."""

    date: str = Field(description="`YYYY-MM-DD`.")
    total: int
    success: int
    failed: int
    cancelled: int
    rows_synced: int
