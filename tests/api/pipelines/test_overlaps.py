"""A trigger and a schedule's tick at the same moment: one of them runs."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx

from arus_dagster import names
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from tests.api.pipelines.conftest import Platform

TIMES = 10
SECONDS = 240  # some twenty processes start, on what may be two busy cores
LEAP_DAY = datetime(2028, 2, 29, tzinfo=UTC).timestamp()


def test_a_trigger_and_a_tick_at_the_same_moment_are_one_sync(platform: Platform) -> None:
    """Ten times over, all at once, which asks more of the locks than one after the other."""
    made = [platform.make("customers") for _ in range(TIMES)]
    platform.app.state.definitions.ensure_current()
    together = threading.Barrier(2 * TIMES)

    def trigger(pipeline: dict[str, Any]) -> httpx.Response:
        together.wait()
        answer: httpx.Response = platform.editor.post(f"/api/pipelines/{pipeline['id']}/trigger")
        return answer

    def tick(pipeline: dict[str, Any]) -> None:
        together.wait()
        for request in _tick(platform, pipeline)["runRequests"] or ():
            tags = {tag["key"]: tag["value"] for tag in request["tags"]}
            platform.dagster.launch(names.job_name(pipeline["slug"]), tags)

    with ThreadPoolExecutor(2 * TIMES) as pool:
        ticks = [pool.submit(tick, pipeline) for pipeline in made]
        answers = list(pool.map(trigger, made))
    for ticked in ticks:
        ticked.result()

    for pipeline, answer in zip(made, answers, strict=True):
        assert answer.status_code in (200, 409), answer.text
        which = RunFilter(tags={names.PIPELINE_ID: pipeline["id"]})
        runs = [
            platform.stack.wait_for_run(r.id, SECONDS)
            for r in platform.dagster.runs(which, limit=10)
        ]
        assert [run.status for run in runs] == [RunStatus.SUCCESS] * len(runs)
        synced = [run for run in runs if run.tags.get(names.OUTCOME) != names.SKIPPED]
        assert len(synced) == 1
        # Two runs only where the trigger found nothing active; else it was told of the other.
        if answer.status_code == 409:
            assert answer.json()["error"]["details"]["run_id"] == synced[0].id
            assert len(runs) == 1
        else:
            assert uuid.UUID(answer.json()["data"]["run_id"]) in {uuid.UUID(r.id) for r in runs}
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
