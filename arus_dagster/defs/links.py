"""Links from Dagster's UI to the console, where the same pipeline or run is looked after.

Owns the console's addresses as far as Dagster shows them, and the label they stand under.
"""

from __future__ import annotations

import dagster as dg

LABEL = "console"


def pipeline_link(console: str, pipeline_id: str) -> dict[str, dg.MetadataValue]:
    """As metadata; ``console`` is the address of the console, without a trailing slash."""
    return {LABEL: dg.MetadataValue.url(f"{console}/console/pipelines/{pipeline_id}")}


def run_link(console: str, run_id: str) -> dict[str, dg.MetadataValue]:
    """As metadata of what a run made."""
    return {LABEL: dg.MetadataValue.url(f"{console}/console/runs/{run_id}")}
