"""The latest runs of many jobs at once, in one request.

Owns the composition of that request: Dagster has no question of its own for it, so it asks the
same one for each job under a name of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arus_dagster.orchestration.models import DagsterRun, RunStatus
from arus_dagster.orchestration.transport import DagsterUnavailableError, Transport, query

_LATEST = "__typename ... on Runs { results { ...RunFields } } ... on Error { message }"
_COUNT = "__typename ... on Runs { count } ... on Error { message }"


@dataclass(frozen=True, slots=True)
class LatestRuns:
    """A job's latest runs, newest first, and how many failed lately."""

    runs: tuple[DagsterRun, ...]
    failed: int


def latest_runs(
    transport: Transport, jobs: Sequence[str], *, limit: int, failed_since: datetime
) -> list[LatestRuns]:
    """For each job, in order, its latest runs.

    Args:
        jobs: their names.
        limit: the greatest number of runs of each job.
        failed_since: the moment from which failures are counted.

    Raises:
        DagsterUnavailableError: Dagster does not answer, or can't.
    """
    if not jobs:
        return []
    variables: dict[str, Any] = {"limit": limit}
    for index, job in enumerate(jobs):
        variables[f"l{index}"] = {"pipelineName": job}
        variables[f"f{index}"] = {
            "pipelineName": job,
            "createdAfter": failed_since.timestamp(),
            "statuses": [RunStatus.FAILURE.value],
        }
    data = transport.request("latest_runs", _text(len(jobs)), variables)
    return [
        LatestRuns(
            runs=tuple(
                DagsterRun.model_validate(run) for run in _held(data[f"l{index}"])["results"]
            ),
            failed=int(_held(data[f"f{index}"])["count"]),
        )
        for index in range(len(jobs))
    ]


def _text(count: int) -> str:
    declared = "".join(f", $l{i}: RunsFilter!, $f{i}: RunsFilter!" for i in range(count))
    asked = "\n".join(
        f"l{i}: runsOrError(filter: $l{i}, limit: $limit) {{ {_LATEST} }}\n"
        f"f{i}: runsOrError(filter: $f{i}, limit: 1) {{ {_COUNT} }}"
        for i in range(count)
    )
    return f"query LatestRuns($limit: Int!{declared}) {{\n{asked}\n}}\n{query('run_fields')}"


def _held(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["__typename"] != "Runs":
        raise DagsterUnavailableError(f"Dagster refused: {str(answer.get('message'))[:500]}")
    return answer
