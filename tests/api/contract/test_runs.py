"""Contract: runs, their logs and statistics."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient
from tests.api.contract.fields import DAILY, RUN, RUN_LOG, RUN_TABLE, assert_fields
from tests.api.contract.world import World


@documents("GET /api/pipelines/{id}/runs")
def test_a_pipelines_runs_are_listed(viewer_api: ContractClient, world: World) -> None:
    run = world.synced_run

    runs, meta = viewer_api.page(
        "GET /api/pipelines/{id}/runs",
        id=run["pipeline_id"],
        params={"limit": 10, "offset": 0},
    )

    assert [other["id"] for other in runs] == [run["id"]]
    assert_fields(RUN, runs[0])
    assert meta == {"total": 1, "limit": 10, "offset": 0}


@documents("GET /api/runs")
def test_runs_are_listed_and_filtered(viewer_api: ContractClient, world: World) -> None:
    run = world.synced_run
    of_pipeline = {"pipeline_id": run["pipeline_id"]}

    everything, _ = viewer_api.page("GET /api/runs", params={"limit": 500, "offset": 0})
    of_one, _ = viewer_api.page("GET /api/runs", params=of_pipeline)
    successes, _ = viewer_api.page("GET /api/runs", params={**of_pipeline, "status": "success"})
    failures, meta = viewer_api.page("GET /api/runs", params={**of_pipeline, "status": "failed"})

    assert run["id"] in {other["id"] for other in everything}
    assert [other["id"] for other in of_one] == [run["id"]]
    assert [other["id"] for other in successes] == [run["id"]]
    assert (failures, meta["total"]) == ([], 0)
    assert_fields(RUN, of_one[0])


@documents("GET /api/runs/{id}")
def test_a_run_is_shown_with_its_tables(viewer_api: ContractClient, world: World) -> None:
    run = viewer_api.call("GET /api/runs/{id}", id=world.synced_run["id"])

    assert_fields(RUN, run)
    assert (run["status"], run["rows_synced"], run["error_message"]) == ("success", 22, None)
    assert run["id"] in run["dagster_url"]
    tables = {table["table_name"]: table for table in run["tables"]}
    assert len(tables) == 2
    for table in tables.values():
        assert_fields(RUN_TABLE, table)
        assert table["checks"]
    [orders] = [table for name, table in tables.items() if name.endswith("orders")]
    assert (orders["rows_extracted"], orders["rows_loaded_raw"], orders["rows_loaded"]) == (
        20,
        20,
        20,
    )
    assert orders["watermark_before"] is None
    assert "2024-01-21 00:00:00.123456" in orders["watermark_after"]


@documents("GET /api/runs/{id}/logs")
def test_a_runs_log_is_paged(viewer_api: ContractClient, world: World) -> None:
    logs = "GET /api/runs/{id}/logs"
    run_id = world.synced_run["id"]

    everything, meta = viewer_api.page(logs, id=run_id, params={"limit": 500, "offset": 0})
    part, _ = viewer_api.page(logs, id=run_id, params={"limit": 3, "offset": 2})

    assert meta["total"] == len(everything)
    assert part == everything[2:5]
    for entry in everything:
        assert_fields(RUN_LOG, entry)
        assert entry["level"] in ("DEBUG", "INFO", "WARNING", "ERROR")
    assert {entry["table"] for entry in everything} >= {"public.orders", "public.countries"}


@documents("POST /api/runs/{id}/cancel")
def test_a_running_run_is_cancelled(editor_api: ContractClient, world: World) -> None:
    run_id = world.trigger(world.make_pipeline("slow"))
    world.wait_until_running(run_id)

    editor_api.call("POST /api/runs/{id}/cancel", id=run_id)

    assert world.finished_run(run_id)["status"] == "cancelled"


@documents("POST /api/runs/{id}/retry")
def test_a_failed_run_is_tried_again(editor_api: ContractClient, world: World) -> None:
    world.shop.execute("CREATE TABLE comes_late (id int PRIMARY KEY)")
    pipeline = world.make_pipeline("comes_late")
    world.shop.execute("DROP TABLE comes_late")
    failed = world.finished_run(world.trigger(pipeline))
    assert failed["status"] == "failed"
    assert failed["error_message"]
    world.shop.execute("CREATE TABLE comes_late (id int PRIMARY KEY)")

    retry = editor_api.call("POST /api/runs/{id}/retry", id=failed["id"])

    assert retry["run_id"] == retry["id"] != failed["id"]
    run = world.finished_run(retry["run_id"])
    assert (run["status"], run["trigger_type"]) == ("success", "retry")
    assert run["retried_from"] == failed["id"]
    assert run["attempt"] == 2


@documents("GET /api/runs/stats/daily")
def test_each_day_has_its_statistics(viewer_api: ContractClient, world: World) -> None:
    run = world.synced_run

    week = viewer_api.call("GET /api/runs/stats/daily")
    two_days = viewer_api.call("GET /api/runs/stats/daily", params={"days": 2})

    assert len(week) == 7
    assert week[-2:] == two_days
    for day in week:
        assert_fields(DAILY, day)
    days = [date.fromisoformat(day["date"]) for day in week]
    assert days == [days[-1] - timedelta(days=back) for back in range(6, -1, -1)]
    assert datetime.now(UTC).date() - days[-1] <= timedelta(days=1)
    assert sum(day["success"] for day in week) >= 1
    assert sum(day["rows_synced"] for day in week) >= run["rows_synced"]


@pytest.mark.parametrize("status", ["success", "failed", "running"])
def test_the_documented_filters_by_status_hold(
    viewer_api: ContractClient, world: World, status: str
) -> None:
    assert world.synced_run["status"] == "success"

    runs, _ = viewer_api.page("GET /api/runs", params={"status": status, "limit": 500})

    assert {run["status"] for run in runs} <= {status}
