"""Contract: pipelines and what they are told to do."""

from __future__ import annotations

from typing import Any

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient, assert_documented
from tests.api.contract.fields import (
    DEAD_LETTER,
    PIPELINE,
    PIPELINE_ENDPOINT,
    PIPELINE_STATS,
    PIPELINE_TABLE,
    RUN,
    assert_fields,
)
from tests.api.contract.world import World, unique

STARTED = reference.endpoints()["POST /api/pipelines/{id}/trigger"].response


def status_of(world: World, pipeline: dict[str, Any]) -> str:
    status: str = world.api.call("GET /api/pipelines/{id}", id=pipeline["id"])["status"]
    return status


@documents("GET /api/pipelines")
def test_pipelines_are_listed(viewer_api: ContractClient, world: World) -> None:
    newest = world.make_pipeline()

    pipelines, meta = viewer_api.page("GET /api/pipelines", params={"limit": 1, "offset": 0})

    assert_fields(PIPELINE - {"tables"}, pipelines[0])
    assert pipelines[0]["id"] == newest["id"]
    assert (meta["limit"], meta["offset"]) == (1, 0)


@documents("POST /api/pipelines")
def test_a_pipeline_is_created(editor_api: ContractClient, world: World) -> None:
    sample = reference.endpoints()["POST /api/pipelines"].request
    body = {
        **sample,
        "name": unique(sample["name"]),
        "source_id": world.source["id"],
        "destination_id": world.destination["id"],
        "target_schema": "created",
    }

    pipeline = editor_api.call("POST /api/pipelines", status=201, json=body)

    assert_fields(PIPELINE, pipeline)
    assert pipeline["status"] == "active"
    assert {key: pipeline[key] for key in body if key != "tables"} == {
        key: value for key, value in body.items() if key != "tables"
    }
    [table] = pipeline["tables"]
    assert_fields(PIPELINE_TABLE, table)
    assert {key: table[key] for key in sample["tables"][0]} == sample["tables"][0]
    assert pipeline["next_run_at"] is not None
    editor_api.call("DELETE /api/pipelines/{id}", id=pipeline["id"])


@documents("GET /api/pipelines/{id}")
def test_a_pipeline_is_shown_with_tables_statistics_and_last_run(
    viewer_api: ContractClient, world: World
) -> None:
    run = world.synced_run

    pipeline = viewer_api.call("GET /api/pipelines/{id}", id=run["pipeline_id"])

    assert_fields(PIPELINE, pipeline)
    assert_fields(PIPELINE_ENDPOINT, pipeline["source"])
    assert_fields(PIPELINE_ENDPOINT, pipeline["destination"])
    assert_fields(PIPELINE_STATS, pipeline["stats"])
    assert pipeline["stats"]["total_rows_synced"] == 22
    assert_fields(RUN, pipeline["last_run"])
    assert pipeline["last_run"]["id"] == run["id"]
    tables = {table["name"]: table for table in pipeline["tables"]}
    for table in tables.values():
        assert_fields(PIPELINE_TABLE, table)
        assert table["last_synced_at"] is not None
    assert tables["orders"]["row_count"] == 20
    assert "2024-01-21 00:00:00.123456" in tables["orders"]["watermark_value"]


@documents("PUT /api/pipelines/{id}")
def test_a_pipeline_is_updated_field_by_field(editor_api: ContractClient, world: World) -> None:
    pipeline = world.make_pipeline()

    updated = editor_api.call(
        "PUT /api/pipelines/{id}", id=pipeline["id"], json={"schedule": "15 3 * * *"}
    )

    assert updated["schedule"] == "15 3 * * *"
    assert updated["schedule_label"] != pipeline["schedule_label"]
    assert (updated["name"], updated["tables"]) == (pipeline["name"], pipeline["tables"])


@documents("DELETE /api/pipelines/{id}")
def test_a_pipeline_is_deleted(editor_api: ContractClient, world: World) -> None:
    pipeline = world.make_pipeline()

    editor_api.call("DELETE /api/pipelines/{id}", id=pipeline["id"])

    editor_api.call("GET /api/pipelines/{id}", id=pipeline["id"], status=404)


@documents("POST /api/pipelines/{id}/trigger")
def test_a_pipeline_is_triggered(editor_api: ContractClient, world: World) -> None:
    pipeline = world.make_pipeline()

    answer = editor_api.envelope("POST /api/pipelines/{id}/trigger", id=pipeline["id"])

    assert_documented(STARTED, answer)
    assert answer["data"]["status"] in ("pending", "running")
    run = world.finished_run(answer["data"]["run_id"])
    assert (run["status"], run["trigger_type"]) == ("success", "manual")
    schema = pipeline["target_schema"]
    assert world.warehouse.value(f"SELECT count(*) FROM {schema}.orders") == 20


@documents("POST /api/pipelines/{id}/pause")
def test_a_pipeline_is_paused(editor_api: ContractClient, world: World) -> None:
    pipeline = world.idle_pipeline

    editor_api.call("POST /api/pipelines/{id}/pause", id=pipeline["id"])

    assert status_of(world, pipeline) == "paused"


@documents("POST /api/pipelines/{id}/resume")
def test_a_pipeline_is_resumed(editor_api: ContractClient, world: World) -> None:
    pipeline = world.idle_pipeline
    editor_api.call("POST /api/pipelines/{id}/pause", id=pipeline["id"])

    editor_api.call("POST /api/pipelines/{id}/resume", id=pipeline["id"])

    assert status_of(world, pipeline) == "active"


@documents("POST /api/pipelines/{id}/full-refresh")
def test_a_full_refresh_loads_everything_again(editor_api: ContractClient, world: World) -> None:
    pipeline = world.working_pipeline

    answer = editor_api.envelope("POST /api/pipelines/{id}/full-refresh", id=pipeline["id"])

    assert_documented(STARTED, answer)
    run = world.finished_run(answer["data"]["run_id"])
    assert (run["status"], run["trigger_type"]) == ("success", "full_refresh")
    assert run["rows_synced"] == 20


@documents("POST /api/pipelines/{id}/backfill")
def test_a_backfill_reads_again_from_a_day_on(editor_api: ContractClient, world: World) -> None:
    pipeline = world.working_pipeline
    sample = reference.endpoints()["POST /api/pipelines/{id}/backfill"].request

    answer = editor_api.envelope(
        "POST /api/pipelines/{id}/backfill",
        id=pipeline["id"],
        json={**sample, "from_date": "2024-01-12"},
    )

    assert_documented(STARTED, answer)
    run = world.finished_run(answer["data"]["run_id"])
    assert (run["status"], run["trigger_type"]) == ("success", "backfill")
    assert run["rows_synced"] == 10


def rejected(world: World) -> dict[str, Any]:
    """A pipeline of which two rows, and no others, stand in the dead letters."""
    pipeline = world.rejecting_pipeline
    world.api.call("DELETE /api/pipelines/{id}/dead-letters", id=pipeline["id"])
    started = world.api.call("POST /api/pipelines/{id}/full-refresh", id=pipeline["id"])
    run = world.finished_run(started["run_id"])
    assert run["status"] == "success", run
    assert run["tables"][0]["rows_failed"] == 2
    return pipeline


@documents("GET /api/pipelines/{id}/dead-letters")
def test_rejected_rows_are_listed(viewer_api: ContractClient, world: World) -> None:
    pipeline = rejected(world)

    letters, meta = viewer_api.page(
        "GET /api/pipelines/{id}/dead-letters", id=pipeline["id"], params={"limit": 1}
    )

    assert (len(letters), meta["total"], meta["limit"]) == (1, 2, 1)
    assert_fields(DEAD_LETTER, letters[0])
    assert letters[0]["row"]["id"] in (1, 2)


@documents("POST /api/pipelines/{id}/dead-letters/replay")
def test_rejected_rows_are_tried_again(editor_api: ContractClient, world: World) -> None:
    pipeline = rejected(world)
    [script], _ = editor_api.page("GET /api/pipelines/{id}/scripts", id=pipeline["id"])

    def write(content: str) -> None:
        editor_api.call(
            "PUT /api/pipelines/{id}/scripts/{script_id}",
            id=pipeline["id"],
            script_id=script["id"],
            json={"content": content},
        )

    write("def transform(row):\n    return row\n")
    try:
        replay = editor_api.call("POST /api/pipelines/{id}/dead-letters/replay", id=pipeline["id"])
        assert replay["replayed"] == 2
        assert world.finished_run(replay["run_id"])["status"] == "success"

        letters, _ = editor_api.page("GET /api/pipelines/{id}/dead-letters", id=pipeline["id"])
        assert letters == []
        schema = pipeline["target_schema"]
        assert world.warehouse.value(f"SELECT count(*) FROM {schema}.orders") == 20
    finally:
        write(script["content"])


@documents("DELETE /api/pipelines/{id}/dead-letters")
def test_rejected_rows_are_discarded(editor_api: ContractClient, world: World) -> None:
    pipeline = rejected(world)

    editor_api.call("DELETE /api/pipelines/{id}/dead-letters", id=pipeline["id"])

    letters, meta = editor_api.page("GET /api/pipelines/{id}/dead-letters", id=pipeline["id"])
    assert (letters, meta["total"]) == ([], 0)


@documents("POST /api/pipelines/pause-all")
def test_all_pipelines_are_paused(editor_api: ContractClient, world: World) -> None:
    pipelines = [world.idle_pipeline, world.synced_pipeline]
    try:
        editor_api.call("POST /api/pipelines/pause-all")

        assert {status_of(world, pipeline) for pipeline in pipelines} == {"paused"}
    finally:
        editor_api.call("POST /api/pipelines/resume-all")


@documents("POST /api/pipelines/resume-all")
def test_all_pipelines_are_resumed(editor_api: ContractClient, world: World) -> None:
    pipelines = [world.idle_pipeline, world.synced_pipeline]
    editor_api.call("POST /api/pipelines/pause-all")

    editor_api.call("POST /api/pipelines/resume-all")

    assert {status_of(world, pipeline) for pipeline in pipelines} == {"active"}
