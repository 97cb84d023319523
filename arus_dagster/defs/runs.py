"""Questions about a pipeline's runs, asked of Dagster's instance.

Owns what counts as active, as the latest and as overlapping. Skipped runs (they ended without
doing anything because another run of the pipeline was at work) count as no run at all.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from arus_dagster import names

ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# A skipped run stands among others; so many in a row don't happen.
_LOOK_BACK = 25
# Runs made at once by several processes may be numbered in another order than that of their times.
_MOMENT = timedelta(minutes=1)


def active_run(instance: dg.DagsterInstance, pipeline_id: str) -> dg.DagsterRun | None:
    """A run of the pipeline that has not ended."""
    runs = instance.get_runs(
        filters=dg.RunsFilter(tags={names.PIPELINE_ID: pipeline_id}, statuses=ACTIVE), limit=1
    )
    return runs[0] if runs else None


def latest_outcome(instance: dg.DagsterInstance, pipeline_id: str) -> dg.DagsterRun | None:
    """The pipeline's latest run, ended or not."""
    runs = instance.get_runs(
        filters=dg.RunsFilter(tags={names.PIPELINE_ID: pipeline_id}), limit=_LOOK_BACK
    )
    return next((run for run in runs if not is_skipped(run)), None)


def latest_success(instance: dg.DagsterInstance, pipeline_id: str) -> dg.RunRecord | None:
    """The pipeline's latest run that did its work."""
    records = instance.get_run_records(
        filters=dg.RunsFilter(
            tags={names.PIPELINE_ID: pipeline_id}, statuses=[dg.DagsterRunStatus.SUCCESS]
        ),
        limit=_LOOK_BACK,
    )
    return next((r for r in records if not is_skipped(r.dagster_run)), None)


def overlapped_run(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """The run of the same pipeline that went first, and was still to end when this one was made.

    A tick and a trigger at the same moment can both find the pipeline idle. The queue runs them
    one after the other, in whichever order they reach it, and the second would do again what the
    first has just done.
    """
    own = instance.get_run_record_by_id(run_id)
    if own is None:
        return None
    pipeline_id = own.dagster_run.tags.get(names.PIPELINE_ID)
    if pipeline_id is None:
        return None
    records = instance.get_run_records(
        filters=dg.RunsFilter(tags={names.PIPELINE_ID: pipeline_id}), limit=_LOOK_BACK
    )
    for record in records:
        if record.dagster_run.run_id == run_id or record.start_time is None:
            continue
        if _clock_was_set_back_between(record, own):
            continue  # their times can't be compared
        ended = record.end_time
        overlaps = ended is None or ended > own.create_timestamp.timestamp()
        if overlaps and not is_skipped(record.dagster_run):
            return record.dagster_run.run_id
    return None


def _clock_was_set_back_between(one: dg.RunRecord, other: dg.RunRecord) -> bool:
    """Whether the run that was made later bears the earlier time, by more than a moment."""
    first, second = sorted((one, other), key=lambda record: record.storage_id)
    return first.create_timestamp - second.create_timestamp > _MOMENT


def is_skipped(run: dg.DagsterRun) -> bool:
    """Whether the run ended without doing anything."""
    return run.tags.get(names.OUTCOME) == names.SKIPPED
