"""What things of the catalog are called in Dagster: jobs, schedules, sensors, steps, assets, tags.

The API and the definitions meet in these names alone, so they stand in one place. Owns spelling;
refuses to look anything up.
"""

from __future__ import annotations

import re

LOCATION = "arus"
# The name that Dagster gives the one repository of a location, and that its UI therefore leaves out
# of headings and addresses: /locations/arus/jobs/… leads to this repository and to no other.
REPOSITORY = "__repository__"

# Tags of a run.
PIPELINE_ID = "arus/pipeline_id"
TRIGGER = "arus/trigger"  # a run's trigger_type
MODE = "arus/mode"  # sync, full_refresh or backfill
FROM_DATE = "arus/from_date"
TO_DATE = "arus/to_date"
ATTEMPT = "arus/attempt"  # 2 on the first retry
TRACEPARENT = "arus/traceparent"  # the span that the run belongs to, where traces are on
OUTCOME = "arus/outcome"  # "skipped" on a run that ended without doing anything
SKIP_REASON = "arus/skip_reason"
MAX_RUNTIME = "dagster/max_runtime"

SKIPPED = "skipped"

# The sensor that every code location has; what was loaded stands in its metadata.
STATUS_SENSOR = "deliver_notifications"
VERSION_METADATA = "arus/definitions_version"
BROKEN_METADATA = "arus/broken_pipelines"

_MARK = 8
_PLAIN = re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*")

AssetPath = tuple[str, ...]


def job_name(slug: str) -> str:
    """The job of a pipeline."""
    return slug


def schedule_name(slug: str) -> str:
    """The cron schedule of a pipeline."""
    return f"{slug}_schedule"


def upstream_sensor_name(slug: str) -> str:
    """The sensor that starts a pipeline without a schedule when its upstream succeeds."""
    return f"{slug}_after_upstream"


def step_name(table_id: str, schema: str, name: str) -> str:
    """The step of a pipeline's table.

    Two plain names are joined by two underscores, which neither holds, so that no two tables
    share a step. Other names are spelled in ASCII with the start of the table's id behind.
    """
    if _PLAIN.fullmatch(schema) and _PLAIN.fullmatch(name):
        return f"{schema}__{name}"
    readable = "__".join(re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_") for part in (schema, name))
    return f"{readable}__{table_mark(table_id)}"


def table_of_step(step: str) -> str | None:
    """``schema.table`` of a step whose name spells it; None where ``table_mark`` must be asked."""
    parts = step.split("__")
    return ".".join(parts) if len(parts) == 2 else None


def table_mark(table_or_step: str) -> str:
    """What a table's id and the name of its step have in common, if the step's has three parts."""
    return table_or_step.rpartition("__")[2][:_MARK]


def source_pool(source: str) -> str:
    """The concurrency pool of a source; ``source`` is its slug."""
    return f"source_{source}"


def source_path(source: str, schema: str, table: str) -> AssetPath:
    """The asset key of a source's table; ``source`` is its slug."""
    return ("source", source, _part(schema), _part(table))


def raw_path(destination: str, schema: str, table: str) -> AssetPath:
    """The asset key of a raw table; ``destination`` is the warehouse's slug."""
    return ("raw", destination, _part(schema), _part(table))


def target_path(destination: str, schema: str, table: str) -> AssetPath:
    """The asset key of a target table; ``destination`` is the warehouse's slug."""
    return ("target", destination, _part(schema), _part(table))


def asset_id(path: AssetPath) -> str:
    """An asset key as one string, as Dagster's links and this API's answers show it."""
    return "/".join(path)


def _part(name: str) -> str:
    # A slash separates the parts of a key where it is written as one string.
    return name.replace("%", "%25").replace("/", "%2F")
