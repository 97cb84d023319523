"""Lists and details of runs: their life from Dagster, their rows from the catalog.

Owns the paging by offset over Dagster's cursors. Refuses a second copy of a run's life; a page
costs a constant number of requests and queries.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_api.pagination import Paging
from arus_api.runs.schemas import Run, RunDetail, RunStatusName, TableOutcome
from arus_api.runs.status import (
    SKIPPED_TAG,
    STATUSES,
    attempt_of,
    failure_of,
    mode_of,
    status_of,
    trigger_of,
)
from arus_dagster import names
from arus_dagster.catalog import Pipeline, TableResult
from arus_dagster.catalog.repositories import pipelines, table_results
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import DagsterRun
from arus_dagster.orchestration.run_filter import RunFilter

# More skipped runs than this are not looked for; they are rare.
_MOST_SKIPPED = 100_000


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs of a list, newest first, and how many it has in all."""

    runs: list[Run]
    total: int


def page(
    session: Session,
    dagster: DagsterClient,
    links: str,
    paging: Paging,
    *,
    status: RunStatusName | None = None,
    pipeline_id: uuid.UUID | None = None,
) -> RunPage:
    """Runs of one pipeline or of all, newest first.

    Args:
        links: base of links into Dagster's UI.

    Raises:
        NotFoundError: there is no such pipeline.
        UnavailableError: Dagster is away.
    """
    which = RunFilter(statuses=STATUSES[status] if status else None)
    if pipeline_id is not None:
        pipeline = pipelines.get(session, pipeline_id)
        # By job, not by the id in a tag: where one pipeline has most runs, the tag's index is no
        # help.
        which = replace(which, job_name=names.job_name(pipeline.slug))
    if status == "skipped":
        which = replace(which, tags=SKIPPED_TAG)
    if paging.offset == 0 and status != "success":
        found, total = dagster.runs_counted(which, limit=paging.limit)
        return RunPage(shown(session, links, found), total)
    left_out: frozenset[str] = frozenset()
    if status == "success":
        skipped = replace(which, tags=SKIPPED_TAG)
        left_out = frozenset(dagster.run_ids(skipped, limit=_MOST_SKIPPED))
    total = dagster.count_runs(which) - len(left_out)
    found = _window(dagster, which, paging, total, left_out)
    return RunPage(shown(session, links, found), total)


def detail(session: Session, dagster: DagsterClient, links: str, run_id: uuid.UUID) -> RunDetail:
    """One run with its tables.

    Raises:
        NotFoundError: there is no such run.
        UnavailableError: Dagster is away.
    """
    run = dagster.run(str(run_id))
    (out,) = shown(session, links, [run])
    results = table_results.of_run(session, run.id)
    return RunDetail(
        **dict(out), tables=[TableOutcome.model_validate(result) for result in results]
    )


def shown(session: Session, links: str, runs: Sequence[DagsterRun]) -> list[Run]:
    """Runs as this API shows them, in the same order.

    Args:
        links: base of links into Dagster's UI.
    """
    run_ids = [run.id for run in runs]
    pipeline_names = _pipeline_names(session, runs)
    rows = table_results.rows_by_run(session, run_ids)
    errors = _table_errors(session, run_ids)
    return [
        _shown(run, links, pipeline_names, rows.get(run.id, 0), errors.get(run.id, ()))
        for run in runs
    ]


def _window(
    dagster: DagsterClient,
    which: RunFilter,
    paging: Paging,
    total: int,
    left_out: frozenset[str],
) -> list[DagsterRun]:
    """The runs of a page. Dagster pages by a cursor alone, but answers many ids quickly."""
    if paging.offset >= total:
        return []
    if paging.offset == 0 and not left_out:
        return dagster.runs(which, limit=paging.limit)
    ids = dagster.run_ids(which, limit=paging.offset + paging.limit + len(left_out))
    wanted = [run_id for run_id in ids if run_id not in left_out]
    wanted = wanted[paging.offset : paging.offset + paging.limit]
    # An empty list of ids would mean any run.
    return dagster.runs(RunFilter(run_ids=wanted), limit=len(wanted)) if wanted else []


def _pipeline_names(session: Session, runs: Sequence[DagsterRun]) -> Mapping[str, str]:
    ids = {_pipeline_id(run) for run in runs} - {None}
    rows = session.execute(select(Pipeline.id, Pipeline.name).where(Pipeline.id.in_(ids)))
    return {str(row.id): row.name for row in rows}


def _table_errors(session: Session, run_ids: Sequence[str]) -> Mapping[str, list[str]]:
    rows = session.execute(
        select(TableResult.run_id, TableResult.table_name, TableResult.error_message)
        .where(TableResult.run_id.in_(run_ids), TableResult.error_message.is_not(None))
        .order_by(TableResult.run_id, TableResult.finished_at)
    )
    errors: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        errors[row.run_id].append(f"{row.table_name}: {row.error_message}")
    return errors


def _pipeline_id(run: DagsterRun) -> uuid.UUID | None:
    try:
        return uuid.UUID(run.tags.get(names.PIPELINE_ID, ""))
    except ValueError:
        return None


def _shown(
    run: DagsterRun,
    links: str,
    pipeline_names: Mapping[str, str],
    rows: int,
    table_errors: Sequence[str],
) -> Run:
    pipeline_id = _pipeline_id(run)
    finished = run.ended if run.finished else None
    took = finished - run.started if finished and run.started else None
    return Run(
        id=uuid.UUID(run.id),
        pipeline_id=pipeline_id,
        pipeline_name=pipeline_names.get(str(pipeline_id), run.job_name),
        status=status_of(run),
        trigger_type=trigger_of(run),
        mode=mode_of(run),
        from_date=run.tags.get(names.FROM_DATE),
        to_date=run.tags.get(names.TO_DATE),
        created_at=run.created,
        started_at=run.started,
        finished_at=finished,
        duration_ms=round(took.total_seconds() * 1000) if took else None,
        rows_synced=rows,
        error_message=failure_of(run, table_errors),
        skip_reason=run.tags.get(names.SKIP_REASON),
        attempt=attempt_of(run),
        retried_from=uuid.UUID(run.parent_id) if run.parent_id else None,
        dagster_url=f"{links}/runs/{run.id}",
    )
