"""Triggers and a schedule's tick at the same moment: one of them runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_dagster import names
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from tests.api.pipelines.conftest import Platform

PIPELINES = 3
TRIGGERS = 50
SECONDS = 240  # some six processes start, on what may be two busy cores
LEAP_DAY = datetime(2028, 2, 29, tzinfo=UTC).timestamp()


@pytest.fixture
def clients(platform: Platform) -> Iterator[list[TestClient]]:
    """Clients of two APIs on one catalog, which share nothing else."""
    settings = platform.app.state.settings
    other = create_app(settings)
    client = TestClient(other)
    client.auth = platform.editor.auth
    yield [platform.editor, client]
    other.state.dagster.close()
    other.state.catalog.dispose()
    other.state.side_catalog.dispose()


def test_fifty_triggers_on_two_apis_and_ticks_beside_them_are_one_sync_a_pipeline(
    platform: Platform, clients: list[TestClient]
) -> None:
    made = [platform.make("customers") for _ in range(PIPELINES)]
    platform.app.state.definitions.ensure_current()
    together = threading.Barrier(TRIGGERS + PIPELINES)

    def trigger(number: int) -> httpx.Response:
        pipeline = made[number % PIPELINES]
        together.wait()
        answer: httpx.Response = clients[number % 2].post(
            f"/api/pipelines/{pipeline['id']}/trigger"
        )
        return answer

    def tick(pipeline: dict[str, Any]) -> None:
        together.wait()
        for request in _tick(platform, pipeline)["runRequests"] or ():
            tags = {tag["key"]: tag["value"] for tag in request["tags"]}
            platform.dagster.launch(names.job_name(pipeline["slug"]), tags)

    with ThreadPoolExecutor(TRIGGERS + PIPELINES) as pool:
        ticks = [pool.submit(tick, pipeline) for pipeline in made]
        answers = list(pool.map(trigger, range(TRIGGERS)))
    for ticked in ticks:
        ticked.result()

    for number, pipeline in enumerate(made):
        which = RunFilter(tags={names.PIPELINE_ID: pipeline["id"]})
        runs = [
            platform.stack.wait_for_run(r.id, SECONDS)
            for r in platform.dagster.runs(which, limit=10)
        ]
        assert [run.status for run in runs] == [RunStatus.SUCCESS] * len(runs)
        synced = [run for run in runs if run.tags.get(names.OUTCOME) != names.SKIPPED]
        assert len(synced) == 1
        # The tick's run comes beside a trigger's only where it found nothing active.
        assert len(runs) <= 2
        told = answers[number::PIPELINES]
        taken = [answer for answer in told if answer.status_code == 200]
        refused = [answer for answer in told if answer.status_code == 409]
        assert len(taken) <= 1
        assert len(taken) + len(refused) == len(told), [answer.text for answer in told]
        ids = {run.id for run in runs}
        assert {answer.json()["data"]["run_id"] for answer in taken} <= ids
        assert {answer.json()["error"]["details"]["run_id"] for answer in refused} <= ids
        rows = platform.warehouse.rows(f"SELECT id FROM {pipeline['target_schema']}.customers")
        assert sorted(rows) == [(1,), (2,)]


def _tick(platform: Platform, pipeline: dict[str, Any]) -> dict[str, Any]:
    """What the daemon is told when it ticks the pipeline's schedule."""
    selector = {
        "repositoryLocationName": names.LOCATION,
        "repositoryName": names.REPOSITORY,
        "scheduleName": names.schedule_name(pipeline["slug"]),
    }
    query = (
        "mutation T($s: ScheduleSelector!, $at: Float) { scheduleDryRun(selectorData: $s,"
        " timestamp: $at) { __typename ... on DryRunInstigationTick { evaluationResult {"
        " skipReason runRequests { tags { key value } } error { message } } } } }"
    )
    answer = httpx.post(
        f"{platform.stack.url}/graphql",
        json={"query": query, "variables": {"s": selector, "at": LEAP_DAY}},
        timeout=60,
    )
    result: dict[str, Any] = answer.json()["data"]["scheduleDryRun"]["evaluationResult"]
    assert result["error"] is None, result["error"]
    return result
