"""The dashboard's figures."""

from __future__ import annotations

from pydantic import Field

from arus_api.fields import Output


class Summary(Output):
    """The installation at a glance."""

    total_sources: int
    total_pipelines: int
    active_pipelines: int = Field(description="Pipelines that are not paused.")
    total_rows_synced: int = Field(description="Rows put into targets, ever.")
    rows_synced_24h: int = Field(description="The same, within the last 24 hours.")
    failed_runs_24h: int = Field(description="Runs asked for within 24 hours that failed.")
    unique_tables: int = Field(description="Different source tables that are synced.")
