"""Lists and details of runs: filters, pages, totals."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from arus_dagster import names
from tests.api.platform import Platform


@pytest.fixture(scope="module")
def history(platform: Platform) -> dict[str, Any]:
    """A pipeline with two successes, a failure, a cancelled and a skipped run, oldest first."""
    pipeline = platform.make("customers")
    ids = [platform.run(pipeline).id for _ in range(2)]
    platform.shop.execute("ALTER TABLE customers RENAME TO gone")
    try:
        ids.append(platform.run(pipeline).id)
    finally:
        platform.shop.execute("ALTER TABLE gone RENAME TO customers")
    job = names.job_name(pipeline["slug"])
    first, second = (
        platform.dagster.launch(job, {names.TRIGGER: trigger}) for trigger in ("x", "scheduled")
    )
    for run in (first, second):
        platform.stack.wait_for_run(run.id)
    return {"pipeline": pipeline, "ids": [*ids, first.id, second.id]}


def listed(platform: Platform, **params: Any) -> tuple[list[str], int]:
    answer = platform.viewer.get("/api/runs", params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [run["id"] for run in body["data"]], body["meta"]["total"]


def test_runs_are_listed_newest_first(platform: Platform, history: dict[str, Any]) -> None:
    newest_first = history["ids"][::-1]
    pipeline_id = history["pipeline"]["id"]

    assert listed(platform, pipeline_id=pipeline_id) == (newest_first, 5)
    own = platform.ok("GET", f"/api/pipelines/{pipeline_id}/runs")
    assert [run["id"] for run in own] == newest_first


@pytest.mark.parametrize(
    ("status", "places"),
    [("success", [3, 1, 0]), ("failed", [2]), ("skipped", [4]), ("cancelled", []), ("running", [])],
)
def test_a_status_lists_its_own_runs_with_their_total(
    platform: Platform, history: dict[str, Any], status: str, places: list[int]
) -> None:
    expected = [history["ids"][place] for place in places]
    pipeline_id = history["pipeline"]["id"]

    assert listed(platform, pipeline_id=pipeline_id, status=status) == (expected, len(expected))


@pytest.mark.parametrize("params", [{}, {"status": "success"}])
def test_pages_make_up_the_whole_list(
    platform: Platform, history: dict[str, Any], params: dict[str, str]
) -> None:
    whole, total = listed(platform, pipeline_id=history["pipeline"]["id"], **params)

    pages = []
    for offset in range(0, total + 1, 2):
        page, page_total = listed(
            platform, pipeline_id=history["pipeline"]["id"], limit=2, offset=offset, **params
        )
        assert page_total == total
        pages += page

    assert pages == whole
    assert len(whole) == total


def test_an_offset_behind_the_end_is_an_empty_page(
    platform: Platform, history: dict[str, Any]
) -> None:
    pipeline_id = history["pipeline"]["id"]

    assert listed(platform, pipeline_id=pipeline_id, offset=2_000_000_000) == ([], 5)


def test_a_run_shows_what_it_did(platform: Platform, history: dict[str, Any]) -> None:
    run = platform.ok("GET", f"/api/runs/{history['ids'][0]}")

    assert run["status"] == "success"
    assert run["trigger_type"] == "manual"
    assert run["pipeline_name"] == history["pipeline"]["name"]
    assert run["rows_synced"] == 2
    assert run["error_message"] is None
    assert run["dagster_url"].endswith(f"/runs/{run['id']}")
    assert run["duration_ms"] > 0
    (table,) = run["tables"]
    assert table["table_name"] == "public.customers"
    assert (table["rows_extracted"], table["rows_loaded"], table["row_count"]) == (2, 2, 2)
    assert {check["name"]: check["passed"] for check in table["checks"]} == {
        "row_balance": True,
        "row_count": True,
        "not_null": True,
    }


def test_a_failed_run_says_why(platform: Platform, history: dict[str, Any]) -> None:
    run = platform.ok("GET", f"/api/runs/{history['ids'][2]}")

    assert run["status"] == "failed"
    assert run["error_message"].startswith("public.customers: ")
    assert run["tables"][0]["error_message"] in run["error_message"]
    assert run["rows_synced"] == 0


def test_a_skipped_run_names_the_run_it_gave_way_to(
    platform: Platform, history: dict[str, Any]
) -> None:
    run = platform.ok("GET", f"/api/runs/{history['ids'][4]}")

    assert (run["status"], run["trigger_type"], run["tables"]) == ("skipped", "scheduled", [])
    assert history["ids"][3] in run["skip_reason"]


def test_the_runs_and_the_pause_of_a_deleted_pipeline_are_not_a_later_ones(
    platform: Platform,
) -> None:
    body = platform.body("customers")
    first = platform.ok("POST", "/api/pipelines", 201, json=body)
    run = platform.run(first)
    platform.ok("POST", f"/api/pipelines/{first['id']}/pause")
    platform.ok("DELETE", f"/api/pipelines/{first['id']}")
    second = platform.ok("POST", "/api/pipelines", 201, json=body)

    platform.app.state.definitions.ensure_current()
    assert platform.get(second)["status"] == "active"
    assert listed(platform, pipeline_id=second["id"]) == ([], 0)
    kept = platform.ok("GET", f"/api/runs/{run.id}")
    assert (kept["pipeline_id"], kept["pipeline_name"]) == (first["id"], first["slug"])


@pytest.mark.parametrize(
    "path",
    ["/api/runs/{}", "/api/runs/{}/logs", "/api/pipelines/{}/runs", "/api/runs?pipeline_id={}"],
)
def test_what_does_not_exist_is_not_found(platform: Platform, path: str) -> None:
    error = platform.refused("GET", path.format(uuid.uuid4()), 404)

    assert error["code"] == "NOT_FOUND"


def test_an_unknown_status_is_refused(platform: Platform) -> None:
    error = platform.refused("GET", "/api/runs?status=sleeping", 422)

    assert error["fields"][0]["field"] == "status"
