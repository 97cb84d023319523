"""Starting, pausing and resuming pipelines, on the real Dagster."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_dagster import names
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from tests.api.pipelines.conftest import NEVER, Platform


def test_a_triggered_run_syncs_and_shows_in_the_pipeline(platform: Platform) -> None:
    made = platform.make("orders", "customers")

    started = platform.ok("POST", f"/api/pipelines/{made['id']}/trigger")

    assert uuid.UUID(started["run_id"])
    assert started["status"] in ("pending", "running")
    assert started["started_at"].endswith("Z")
    run = platform.stack.wait_for_run(started["run_id"])
    assert run.status == RunStatus.SUCCESS
    assert run.tags[names.PIPELINE_ID] == made["id"]
    assert run.tags[names.TRIGGER] == "manual"
    found = platform.get(made)
    assert found["last_run"]["id"] == started["run_id"]
    assert found["last_run"]["status"] == "success"
    assert found["stats"] | {"avg_duration_ms": None} == {
        "total_rows_synced": 12,
        "rows_synced_24h": 12,
        "success_rate": 100.0,
        "avg_duration_ms": None,
        "error_count_24h": 0,
    }
    assert found["stats"]["avg_duration_ms"] > 0
    orders, customers = found["tables"]
    assert (orders["row_count"], customers["row_count"]) == (10, 2)
    assert orders["watermark_value"].startswith("2024-01-11")
    assert orders["last_synced_at"].endswith("Z")
    assert customers["watermark_value"] is None
    rows = platform.warehouse.value(f"SELECT count(*) FROM {made['target_schema']}.orders")
    assert rows == 10


def test_one_run_at_a_time_however_many_ask(platform: Platform) -> None:
    made = platform.make("slow")
    path = f"/api/pipelines/{made['id']}/trigger"

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: platform.editor.post(path), range(50)))

    by_status: dict[int, list[dict[str, object]]] = {}
    for answer in answers:
        by_status.setdefault(answer.status_code, []).append(answer.json())
    assert {status: len(found) for status, found in by_status.items()} == {200: 1, 409: 49}
    run_id = by_status[200][0]["data"]["run_id"]  # type: ignore[index]
    for refused in by_status[409]:
        assert refused["error"]["details"] == {"run_id": run_id}  # type: ignore[index]
    tags = {names.PIPELINE_ID: made["id"]}
    assert [run.id for run in platform.dagster.runs(RunFilter(tags=tags), limit=10)] == [run_id]
    for action in ("full-refresh", "trigger"):
        refused_again = platform.refused("POST", f"/api/pipelines/{made['id']}/{action}", 409)
        assert refused_again["details"]["run_id"] == run_id
    in_use = platform.refused("DELETE", f"/api/pipelines/{made['id']}", 409)
    assert in_use["details"]["run_id"] == run_id
    platform.stack.cancel(run_id)  # type: ignore[arg-type]
    platform.ok("DELETE", f"/api/pipelines/{made['id']}")


def test_a_full_refresh_reloads_what_an_incremental_would_not_see(platform: Platform) -> None:
    made = platform.make("customers")
    target = f"{made['target_schema']}.customers"
    platform.run(made)
    platform.warehouse.execute(f"DELETE FROM {target} WHERE id = 1")

    run = platform.run(made, "full-refresh")

    assert run.status == RunStatus.SUCCESS
    assert (run.tags[names.TRIGGER], run.tags[names.MODE]) == ("full_refresh", "full_refresh")
    assert platform.warehouse.value(f"SELECT count(*) FROM {target}") == 2


def test_a_backfill_reads_again_from_its_date_on(platform: Platform) -> None:
    made = platform.make("orders")
    target = f"{made['target_schema']}.orders"
    platform.run(made)
    platform.warehouse.execute(f"UPDATE {target} SET total = -1")

    run = platform.run(made, "backfill", json={"from_date": "2024-01-06"})

    assert run.status == RunStatus.SUCCESS
    assert run.tags[names.FROM_DATE] == "2024-01-06"
    stale = platform.warehouse.rows(f"SELECT id FROM {target} WHERE total = -1 ORDER BY id")
    assert [row[0] for row in stale] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from_date": "yesterday"},
        {"from_date": "2024-02-30"},
        {"from_date": "2024-01-02", "to_date": "2024-01-01"},
    ],
)
def test_a_backfill_without_a_proper_date_is_refused(
    platform: Platform, body: dict[str, str]
) -> None:
    made = platform.make("orders")

    error = platform.refused("POST", f"/api/pipelines/{made['id']}/backfill", 422, json=body)

    assert error["code"] == "VALIDATION_ERROR"
    platform.ok("DELETE", f"/api/pipelines/{made['id']}")


def test_a_pipeline_without_an_enabled_table_has_nothing_to_run(platform: Platform) -> None:
    made = platform.make({"name": "customers", "enabled": False})

    for action in ("trigger", "pause", "resume"):
        error = platform.refused("POST", f"/api/pipelines/{made['id']}/{action}", 409)

        assert "no enabled table" in error["message"]


def test_a_pause_is_a_stopped_schedule_in_dagster_and_the_other_way_round(
    platform: Platform,
) -> None:
    made = platform.make("orders")
    path = f"/api/pipelines/{made['id']}"
    name = names.schedule_name(made["slug"])

    for _ in range(2):  # pausing what is paused changes nothing
        assert platform.ok("POST", f"{path}/pause") == {"id": made["id"], "status": "paused"}
        assert not platform.dagster.schedules()[name].running
    paused = platform.get(made)
    assert (paused["status"], paused["next_run_at"]) == ("paused", None)

    platform.dagster.start_schedule(name)
    assert platform.get(made)["status"] == "active"
    platform.dagster.stop_schedule(platform.dagster.schedules()[name])
    assert platform.get(made)["status"] == "paused"

    for _ in range(2):
        assert platform.ok("POST", f"{path}/resume") == {"id": made["id"], "status": "active"}
        assert platform.dagster.schedules()[name].running
    assert platform.get(made)["next_run_at"] is not None


def test_a_pause_survives_a_change_of_the_schedule(platform: Platform) -> None:
    made = platform.make("orders")
    path = f"/api/pipelines/{made['id']}"
    platform.ok("POST", f"{path}/pause")

    platform.ok("PUT", path, json={"schedule": "0 9 29 2 *"})
    platform.app.state.definitions.ensure_current()

    assert platform.get(made)["status"] == "paused"


def test_a_pause_survives_a_change_of_what_starts_the_pipeline(platform: Platform) -> None:
    upstream = platform.make("orders")
    made = platform.make("customers")
    path = f"/api/pipelines/{made['id']}"
    follows = {"schedule": None, "depends_on": upstream["id"]}
    scheduled = {"schedule": NEVER, "depends_on": None}

    def change(body: dict[str, Any]) -> str:
        shown = platform.ok("PUT", path, json=body)["status"]
        platform.app.state.definitions.ensure_current()
        loaded: str = platform.get(made)["status"]
        assert shown == loaded
        return loaded

    platform.ok("POST", f"{path}/pause")
    assert change(follows) == "paused"
    assert not platform.dagster.sensors()[names.upstream_sensor_name(made["slug"])].running
    platform.ok("POST", f"{path}/resume")
    # Its definition starts stopped still; that it was started since is what counts.
    assert platform.get(made)["status"] == "active"
    # The schedule was left paused; what counts is the state of what started it since.
    assert change(scheduled) == "active"
    assert platform.dagster.schedules()[names.schedule_name(made["slug"])].running
    platform.ok("POST", f"{path}/pause")
    change({"schedule": None})  # nothing starts it
    assert change(follows) == "paused"
    platform.ok("DELETE", path)


def test_a_pause_of_a_follower_stops_what_follows(platform: Platform) -> None:
    upstream = platform.make("orders")
    follower = platform.make("customers", schedule=None, depends_on=upstream["id"])
    path = f"/api/pipelines/{follower['id']}"
    name = names.upstream_sensor_name(follower["slug"])

    platform.ok("POST", f"{path}/pause")
    assert not platform.dagster.sensors()[name].running
    assert platform.get(follower)["status"] == "paused"

    platform.ok("POST", f"{path}/resume")
    assert platform.dagster.sensors()[name].running
    assert platform.get(follower)["status"] == "active"
    platform.ok("DELETE", path)


def test_what_never_runs_by_itself_can_not_be_paused(platform: Platform) -> None:
    made = platform.make("orders", schedule=None)

    for action in ("pause", "resume"):
        error = platform.refused("POST", f"/api/pipelines/{made['id']}/{action}", 409)
        assert "schedule" in error["message"]


def test_all_are_paused_and_resumed_at_once(platform: Platform) -> None:
    scheduled, paused, manual = (
        platform.make("orders"),
        platform.make("orders"),
        platform.make("orders", schedule=None),
    )
    platform.ok("POST", f"/api/pipelines/{paused['id']}/pause")

    answer = platform.ok("POST", "/api/pipelines/pause-all")

    assert scheduled["id"] in answer["changed"]
    assert {paused["id"], manual["id"]} <= set(answer["unchanged"])
    states = {name: schedule.running for name, schedule in platform.dagster.schedules().items()}
    assert states
    assert not any(states.values())
    again = platform.ok("POST", "/api/pipelines/pause-all")
    assert again["changed"] == []

    answer = platform.ok("POST", "/api/pipelines/resume-all")

    assert {scheduled["id"], paused["id"]} <= set(answer["changed"])
    assert all(schedule.running for schedule in platform.dagster.schedules().values())


def test_a_failed_run_counts_in_the_statistics(platform: Platform) -> None:
    platform.shop.execute("CREATE TABLE doomed (id int PRIMARY KEY)")
    made = platform.make("doomed", max_retries=0)
    platform.run(made)
    platform.shop.execute("DROP TABLE doomed")

    run = platform.run(made)

    assert run.status == RunStatus.FAILURE
    found = platform.get(made)
    assert found["last_run"]["status"] == "failed"
    assert found["stats"]["success_rate"] == 50.0
    assert found["stats"]["error_count_24h"] == 1


def test_dead_letters_are_listed_replayed_and_discarded(platform: Platform) -> None:
    made = platform.make("notes")
    path = f"/api/pipelines/{made['id']}/dead-letters"
    assert platform.editor.get(path).json()["data"] == []
    assert platform.ok("POST", f"{path}/replay") == {"replayed": 0, "run_id": None}
    platform.run(made)

    listed = platform.editor.get(path, params={"limit": 10}).json()

    assert listed["meta"] == {"total": 1, "limit": 10, "offset": 0}
    (letter,) = listed["data"]
    assert letter["pipeline_id"] == made["id"]
    assert letter["table_name"] == "public.notes"
    assert letter["row"]["id"] in (2, "2")
    assert letter["error"]
    replayed = platform.ok("POST", f"{path}/replay", json={"ids": [letter["id"]]})
    assert replayed["replayed"] == 1
    platform.stack.wait_for_run(replayed["run_id"])
    assert platform.editor.get(path).json()["meta"]["total"] == 1  # it fails again

    assert platform.ok("DELETE", path, params={"letter_id": str(uuid.uuid4())}) == {"discarded": 0}
    assert platform.ok("DELETE", path) == {"discarded": 1}
    assert platform.editor.get(path).json()["data"] == []


def test_without_dagster_the_answer_is_to_try_again(platform: Platform) -> None:
    made = platform.make("orders")
    settings = platform.app.state.settings.model_copy(update={"dagster_url": "http://127.0.0.1:9"})
    app = create_app(settings)
    client = TestClient(app)
    client.auth = platform.editor.auth
    try:
        for method, path in (
            ("GET", "/api/pipelines"),
            ("POST", f"/api/pipelines/{made['id']}/trigger"),
            ("POST", f"/api/pipelines/{made['id']}/pause"),
            ("DELETE", f"/api/pipelines/{made['id']}"),
        ):
            answer = client.request(method, path)
            assert answer.status_code == 503, path
            assert answer.json()["error"]["code"] == "UNAVAILABLE"
            assert int(answer.headers["Retry-After"]) > 0
    finally:
        app.state.catalog.dispose()
        app.state.side_catalog.dispose()
    assert platform.get(made)["id"] == made["id"]
