"""The latest runs of many jobs at once, in one request.

Owns the composition of that request: Dagster has no question of its own for it, so it asks the
same ones for each job under names of their own. Of all but the very latest run it asks little:
tags alone take Dagster longer than everything else of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arus_dagster import names
from arus_dagster.orchestration.models import DagsterRun, RunOutcome, RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.orchestration.transport import DagsterUnavailableError, Transport, query

# Ids of skipped runs that are looked at; they are rare.
_MOST_SKIPPED = 100_000
_LATEST = "__typename ... on Runs { results { ...RunFields } } ... on Error { message }"
_OUTCOMES = (
    "__typename ... on Runs { results { runId status startTime endTime } } ... on Error { message }"
)
_COUNT = "__typename ... on Runs { count } ... on Error { message }"
_IDS = "__typename ... on RunIds { results } ... on Error { message }"


@dataclass(frozen=True, slots=True)
class LatestRuns:
    """A job's latest runs.

    Args:
        latest: the very latest one, if it ever ran.
        outcomes: of the latest ones, newest first, without those that did nothing because
            another run was at work.
        failed: how many failed lately.
    """

    latest: DagsterRun | None
    outcomes: tuple[RunOutcome, ...]
    failed: int


def latest_runs(
    transport: Transport, jobs: Sequence[str], *, limit: int, failed_since: datetime
) -> list[LatestRuns]:
    """For each job, in order, its latest runs.

    Args:
        jobs: their names.
        limit: the greatest number of outcomes of each job.
        failed_since: the moment from which failures are counted.

    Raises:
        DagsterUnavailableError: Dagster does not answer, or can't.
    """
    if not jobs:
        return []
    skipped = RunFilter(tags={names.OUTCOME: names.SKIPPED})
    variables: dict[str, Any] = {"limit": limit, "skipped": skipped.variables}
    for index, job in enumerate(jobs):
        variables[f"l{index}"] = {"pipelineName": job}
        variables[f"f{index}"] = {
            "pipelineName": job,
            "createdAfter": failed_since.timestamp(),
            "statuses": [RunStatus.FAILURE.value],
        }
    data = transport.request("latest_runs", _text(len(jobs)), variables)
    left_out = frozenset(_held(data["skipped"])["results"])
    found = []
    for index in range(len(jobs)):
        latest = _held(data[f"l{index}"])["results"]
        outcomes = map(RunOutcome.model_validate, _held(data[f"o{index}"])["results"])
        found.append(
            LatestRuns(
                latest=DagsterRun.model_validate(latest[0]) if latest else None,
                outcomes=tuple(outcome for outcome in outcomes if outcome.id not in left_out),
                failed=int(_held(data[f"f{index}"])["count"]),
            )
        )
    return found


def _text(count: int) -> str:
    declared = "".join(f", $l{i}: RunsFilter!, $f{i}: RunsFilter!" for i in range(count))
    asked = "\n".join(
        f"l{i}: runsOrError(filter: $l{i}, limit: 1) {{ {_LATEST} }}\n"
        f"o{i}: runsOrError(filter: $l{i}, limit: $limit) {{ {_OUTCOMES} }}\n"
        f"f{i}: runsOrError(filter: $f{i}, limit: 1) {{ {_COUNT} }}"
        for i in range(count)
    )
    return (
        f"query LatestRuns($limit: Int!, $skipped: RunsFilter!{declared}) {{\n"
        f"skipped: runIdsOrError(filter: $skipped, limit: {_MOST_SKIPPED}) {{ {_IDS} }}\n"
        f"{asked}\n}}\n{query('run_fields')}"
    )


def _held(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["__typename"] not in ("Runs", "RunIds"):
        raise DagsterUnavailableError(f"Dagster refused: {str(answer.get('message'))[:500]}")
    return answer
