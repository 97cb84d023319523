"""Cancelling and retrying runs."""

from __future__ import annotations

import uuid

import pytest

from tests.api.platform import Platform
from tests.dagster_stack import wait_for


def test_a_run_at_work_is_cancelled_and_can_be_retried(platform: Platform) -> None:
    pipeline = platform.make("slow")
    started = platform.ok(
        "POST", f"/api/pipelines/{pipeline['id']}/backfill", json={"from_date": "2024-01-05"}
    )
    run_id = started["run_id"]
    wait_for(lambda: platform.dagster.run(run_id).started, "the run to begin")

    platform.ok("POST", f"/api/runs/{run_id}/cancel")

    platform.stack.wait_for_run(run_id)
    cancelled = platform.ok("GET", f"/api/runs/{run_id}")
    assert cancelled["status"] == "cancelled"
    assert cancelled["finished_at"] is not None
    again = platform.ok("POST", f"/api/runs/{run_id}/retry")
    assert again["retried_from"] == run_id
    assert (again["trigger_type"], again["attempt"]) == ("retry", 2)
    assert (again["mode"], again["from_date"]) == ("backfill", "2024-01-05")
    active = platform.refused("POST", f"/api/runs/{run_id}/retry", 409)
    assert active["details"]["run_id"] == again["id"]
    platform.stack.cancel(again["id"])
    third = platform.ok("POST", f"/api/runs/{again['id']}/retry")
    assert (third["attempt"], third["retried_from"]) == (3, again["id"])
    platform.stack.cancel(third["id"])


def test_a_failed_run_is_retried_without_the_tables_that_succeeded(platform: Platform) -> None:
    pipeline = platform.make("customers", "orders", max_retries=0)
    platform.shop.execute("ALTER TABLE orders RENAME TO gone")
    try:
        failed = platform.run(pipeline)
    finally:
        platform.shop.execute("ALTER TABLE gone RENAME TO orders")

    again = platform.ok("POST", f"/api/runs/{failed.id}/retry")

    platform.stack.wait_for_run(again["id"])
    run = platform.ok("GET", f"/api/runs/{again['id']}")
    assert run["status"] == "success"
    assert [table["table_name"] for table in run["tables"]] == ["public.orders"]


def test_a_run_past_its_time_limit_is_stopped_and_says_so(platform: Platform) -> None:
    pipeline = platform.make("slow", timeout_seconds=2)

    run = platform.run(pipeline)

    shown = platform.ok("GET", f"/api/runs/{run.id}")
    assert shown["status"] == "failed"
    assert "timeout_seconds (2 s)" in shown["error_message"]


def test_a_run_that_has_ended_is_neither_cancelled_nor_retried(platform: Platform) -> None:
    run = platform.run(platform.make("customers"))

    cancel = platform.refused("POST", f"/api/runs/{run.id}/cancel", 409)
    retry = platform.refused("POST", f"/api/runs/{run.id}/retry", 409)

    assert "success" in cancel["message"]
    assert "success" in retry["message"]


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_run_that_does_not_exist_is_not_found(platform: Platform, action: str) -> None:
    platform.refused("POST", f"/api/runs/{uuid.uuid4()}/{action}", 404)


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_viewer_may_not(platform: Platform, action: str) -> None:
    answer = platform.viewer.post(f"/api/runs/{uuid.uuid4()}/{action}")

    assert answer.status_code == 403


def test_a_run_of_a_deleted_pipeline_can_not_be_retried(platform: Platform) -> None:
    pipeline = platform.make("orders", max_retries=0)
    platform.shop.execute("ALTER TABLE orders RENAME TO gone")
    try:
        failed = platform.run(pipeline)
    finally:
        platform.shop.execute("ALTER TABLE gone RENAME TO orders")
    platform.ok("DELETE", f"/api/pipelines/{pipeline['id']}")

    error = platform.refused("POST", f"/api/runs/{failed.id}/retry", 409)

    assert "gone" in error["message"]
