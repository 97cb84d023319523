"""Tables of one pipeline side by side, and the limit on what one source is asked for."""

from __future__ import annotations

import os
import re
import signal

import httpx

from arus_dagster import names
from arus_dagster.cli.process import free_port
from arus_dagster.orchestration.models import DagsterRun, RunStatus
from tests.dagster_stack import wait_for
from tests.integration.defs.conftest import Installation


def test_a_table_does_not_wait_for_a_slow_one(installation: Installation) -> None:
    pipeline = installation.pipeline("slow", "orders", parallel_tables=2)
    run = installation.launch(pipeline)
    wait_for(lambda: _succeeded(installation, run) == ["public__orders"], "orders to be synced")
    installation.wait_until_at_work(run)

    ended = installation.stack.cancel(run.id)

    assert ended.status == RunStatus.CANCELED
    assert _succeeded(installation, run) == ["public__orders"]
    assert len(installation.rows(pipeline, "orders")) == 10
    assert _reads(installation) == 0


def test_a_failure_in_a_process_of_its_own_is_tried_again_and_told_plainly(
    installation: Installation,
) -> None:
    source = installation.another_source(port=free_port())
    pipeline = installation.pipeline(
        "orders", source=source, parallel_tables=2, max_retries=1, initial_backoff=1
    )

    run = installation.run(pipeline)

    assert run.status == RunStatus.FAILURE
    log = installation.log(run)
    assert [e.kind for e in log].count("ExecutionStepUpForRetryEvent") == 1
    assert any(e.message == "Waiting 1.0 s before the next attempt." for e in log)
    (failure,) = [e for e in log if e.kind == "ExecutionStepFailureEvent"]
    assert failure.failure is not None
    assert "127.0.0.1" in str(failure.failure.description)


def test_a_killed_run_takes_its_steps_with_it_and_frees_its_places(
    installation: Installation,
) -> None:
    source = installation.another_source()
    _limit(installation, source.slug, 1)
    pipeline = installation.pipeline("slow", source=source, parallel_tables=2)
    follower = installation.pipeline("orders", source=source)
    run = installation.launch(pipeline)
    installation.wait_until_at_work(run)
    waiting = installation.launch(follower)
    assert installation.run(installation.pipeline("customers")).status == RunStatus.SUCCESS
    assert installation.stack.client.run(waiting.id).status == RunStatus.QUEUED

    os.kill(_process_of(installation, run), signal.SIGKILL)

    assert installation.stack.wait_for_run(run.id).status == RunStatus.FAILURE
    wait_for(lambda: _reads(installation) == 0, "the step to give up its read")
    assert installation.stack.wait_for_run(waiting.id).status == RunStatus.SUCCESS
    assert len(installation.rows(follower, "orders")) == 10


def _succeeded(installation: Installation, run: DagsterRun) -> list[str | None]:
    log = installation.log(run)
    return [event.step_key for event in log if event.kind == "ExecutionStepSuccessEvent"]


def _reads(installation: Installation) -> int:
    """How many sessions read the slow view."""
    ((count,),) = installation.shop.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state = 'active'"
    )
    return int(count)


def _limit(installation: Installation, source: str, limit: int) -> None:
    """What Dagster's UI does under Deployment, Concurrency."""
    query = (
        "mutation L($key: String!, $limit: Int!)"
        " { setConcurrencyLimit(concurrencyKey: $key, limit: $limit) }"
    )
    answer = httpx.post(
        f"{installation.stack.url}/graphql",
        json={"query": query, "variables": {"key": names.source_pool(source), "limit": limit}},
    )
    assert answer.json()["data"]["setConcurrencyLimit"] is True


def _process_of(installation: Installation, run: DagsterRun) -> int:
    told = (re.search(r"for run \(pid: (\d+)\)", e.message) for e in installation.log(run))
    return next(int(match[1]) for match in told if match)
