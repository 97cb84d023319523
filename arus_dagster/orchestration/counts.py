"""Counts of runs under many conditions at once.

Owns the composition of the request: Dagster counts under one condition a question, so it is asked
many questions in one request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.orchestration.transport import READ_SECONDS, DagsterUnavailableError, Transport

_BATCH = 100


def count_many(
    transport: Transport, filters: Sequence[RunFilter], timeout_seconds: float = READ_SECONDS
) -> list[int]:
    """How many runs each filter matches, in order.

    Raises:
        DagsterUnavailableError: Dagster does not answer, or can't.
    """
    counts: list[int] = []
    for start in range(0, len(filters), _BATCH):
        batch = filters[start : start + _BATCH]
        data = transport.request(
            "counts",
            _text(len(batch)),
            {f"f{i}": f.variables for i, f in enumerate(batch)},
            timeout_seconds,
        )
        counts += [_count(data[f"c{i}"]) for i in range(len(batch))]
    return counts


def _text(count: int) -> str:
    declared = ", ".join(f"$f{i}: RunsFilter!" for i in range(count))
    asked = "\n".join(
        f"c{i}: runsOrError(filter: $f{i}, limit: 1) "
        "{ __typename ... on Runs { count } ... on Error { message } }"
        for i in range(count)
    )
    return f"query Counts({declared}) {{\n{asked}\n}}"


def _count(answer: dict[str, Any]) -> int:
    if answer["__typename"] != "Runs":
        raise DagsterUnavailableError(f"Dagster refused: {str(answer.get('message'))[:500]}")
    return int(answer["count"])
