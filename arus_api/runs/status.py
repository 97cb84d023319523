"""A run's state and origin in this API's words, from Dagster's.

Owns the mapping. A run that found another of its pipeline at work ends in Dagster as a success
that did nothing; its tag tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from arus_api.runs.schemas import Mode, RunStatusName, TriggerType
from arus_dagster import names
from arus_dagster.orchestration.models import DagsterRun, RunStatus

STATUSES: Mapping[RunStatusName, Sequence[RunStatus]] = {
    "pending": (
        RunStatus.QUEUED,
        RunStatus.NOT_STARTED,
        RunStatus.MANAGED,
        RunStatus.STARTING,
    ),
    "running": (RunStatus.STARTED, RunStatus.CANCELING),
    "success": (RunStatus.SUCCESS,),
    "skipped": (RunStatus.SUCCESS,),
    "failed": (RunStatus.FAILURE,),
    "cancelled": (RunStatus.CANCELED,),
}
SKIPPED_TAG = {names.OUTCOME: names.SKIPPED}

_NAMES: Mapping[RunStatus, RunStatusName] = {
    status: name for name, statuses in STATUSES.items() if name != "skipped" for status in statuses
}


def is_skipped(run: DagsterRun) -> bool:
    """Whether the run ended without doing anything."""
    return run.tags.get(names.OUTCOME) == names.SKIPPED


def status_of(run: DagsterRun) -> RunStatusName:
    """The run's status."""
    if run.status == RunStatus.SUCCESS and is_skipped(run):
        return "skipped"
    return _NAMES[run.status]


def trigger_of(run: DagsterRun) -> TriggerType:
    """What the run was started by; a re-execution from Dagster's UI is a retry too."""
    if run.parent_id is not None:
        return "retry"
    stated = run.tags.get(names.TRIGGER)
    return cast(TriggerType, stated) if stated in get_args(TriggerType) else "manual"


def mode_of(run: DagsterRun) -> Mode:
    """What the run does."""
    stated = run.tags.get(names.MODE)
    return cast(Mode, stated) if stated in get_args(Mode) else "sync"


def attempt_of(run: DagsterRun) -> int:
    """Which try this is."""
    stated = run.tags.get(names.ATTEMPT, "")
    if stated.isascii() and stated.isdigit() and int(stated) >= 1:
        return int(stated)
    return 2 if run.parent_id is not None else 1


def failure_of(run: DagsterRun, table_errors: Sequence[str]) -> str | None:
    """Why the run failed.

    Args:
        table_errors: one for each table that failed, with the table's name.
    """
    if run.status != RunStatus.FAILURE:
        return None
    if table_errors:
        shown = "; ".join(table_errors[:3])
        more = len(table_errors) - 3
        return f"{shown}; and {more} more" if more > 0 else shown
    limit = run.tags.get(names.MAX_RUNTIME, "")
    took = (run.ended - run.started).total_seconds() if run.ended and run.started else 0.0
    if limit.isdigit() and took >= int(limit):
        return f"Stopped because it ran longer than timeout_seconds ({limit} s)"
    return _REASONS.get(
        run.tags.get("dagster/failure_reason", ""),
        "The run's process ended unexpectedly; its log may say more",
    )


_REASONS = {
    "JOB_INITIALIZATION_FAILURE": "The run could not be started; its log says why",
    "RUN_EXCEPTION": "The run ended by an unexpected error; its log says which",
    "STEP_FAILURE": "A table failed; the run's log says why",
}
