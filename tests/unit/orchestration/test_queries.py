"""Every question asked of Dagster is one that the installed Dagster understands."""

from __future__ import annotations

import importlib.resources
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from dagster_graphql.schema import create_schema
from graphql import GraphQLSchema, parse, validate

from arus_dagster.orchestration.counts import count_many
from arus_dagster.orchestration.latest_runs import LatestRuns, latest_runs
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.orchestration.transport import Transport, query

QUERIES = sorted(
    file.name.removesuffix(".graphql")
    for file in importlib.resources.files("arus_dagster.orchestration")
    .joinpath("queries")
    .iterdir()
    if file.name.endswith(".graphql") and not file.name.endswith("_fields.graphql")
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return cast(GraphQLSchema, create_schema().graphql_schema)


class Recorder:
    """Takes the place of the transport and keeps what would be sent."""

    def __init__(self, answer: Any) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    def request(
        self, name: str, text: str, variables: dict[str, Any], timeout_seconds: float = 60
    ) -> dict[str, Any]:
        self.sent.append((text, variables))
        return {key: self._answer for key in variables if key != "limit"} | {
            key.replace(asked, answered, 1): self._answer
            for asked, answered in (("f", "c"), ("l", "o"))
            for key in variables
            if key.startswith(asked)
        }


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_valid(name: str, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(query(name))) == []


def test_counts_are_asked_validly_and_in_batches(schema: GraphQLSchema) -> None:
    recorder = Recorder({"__typename": "Runs", "count": 3})

    counts = count_many(cast(Transport, recorder), [RunFilter(job_name="a")] * 150)

    assert counts == [3] * 150
    assert [len(variables) for _, variables in recorder.sent] == [100, 50]
    for text, _ in recorder.sent:
        assert validate(schema, parse(text)) == []


def test_latest_runs_are_asked_validly(schema: GraphQLSchema) -> None:
    recorder = Recorder({"__typename": "Runs", "count": 0, "results": []})
    now = datetime.now(UTC)

    found = latest_runs(
        cast(Transport, recorder),
        ["a", "b"],
        limit=5,
        failed_since=now,
    )

    assert found == [LatestRuns(latest=None, outcomes=(), failed=0)] * 2
    ((text, _),) = recorder.sent
    assert validate(schema, parse(text)) == []


def test_a_filter_names_what_was_given_alone() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)

    assert RunFilter().variables == {}
    assert RunFilter(
        statuses=[RunStatus.FAILURE], job_name="p", tags={"k": "v"}, created_after=moment
    ).variables == {
        "statuses": ["FAILURE"],
        "pipelineName": "p",
        "tags": [{"key": "k", "value": "v"}],
        "createdAfter": moment.timestamp(),
    }


def test_an_empty_list_of_ids_stays_a_condition() -> None:
    assert RunFilter(run_ids=[]).variables == {"runIds": []}
