"""Contract: transform scripts."""

from __future__ import annotations

from typing import Any

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient
from tests.api.contract.fields import SCRIPT, assert_fields
from tests.api.contract.world import World, unique

SAMPLE = reference.endpoints()["POST /api/pipelines/{id}/scripts"].request


def create(world: World) -> tuple[str, dict[str, Any]]:
    pipeline_id = world.idle_pipeline["id"]
    script: dict[str, Any] = world.api.call(
        "POST /api/pipelines/{id}/scripts",
        id=pipeline_id,
        status=201,
        json={**SAMPLE, "name": unique(SAMPLE["name"])},
    )
    return pipeline_id, script


@documents("GET /api/pipelines/{id}/scripts")
def test_scripts_are_listed(viewer_api: ContractClient, world: World) -> None:
    pipeline_id, script = create(world)

    scripts, meta = viewer_api.page("GET /api/pipelines/{id}/scripts", id=pipeline_id)

    assert script in scripts
    assert meta["total"] == len(scripts)


@documents("POST /api/pipelines/{id}/scripts")
def test_a_script_is_created(editor_api: ContractClient, world: World) -> None:
    pipeline_id, script = create(world)

    assert_fields(SCRIPT, script)
    assert script["description"] == SAMPLE["description"]
    assert script["content"] == SAMPLE["content"]
    refused = editor_api.call(
        "POST /api/pipelines/{id}/scripts",
        id=pipeline_id,
        status=422,
        json={"name": "broken", "content": "x = 1\ndef transform(row:\n    return row"},
    )
    assert "line 2" in refused["message"]


@documents("GET /api/pipelines/{id}/scripts/{script_id}")
def test_a_script_is_shown(viewer_api: ContractClient, world: World) -> None:
    pipeline_id, script = create(world)

    shown = viewer_api.call(
        "GET /api/pipelines/{id}/scripts/{script_id}", id=pipeline_id, script_id=script["id"]
    )

    assert shown == script


@documents("PUT /api/pipelines/{id}/scripts/{script_id}")
def test_a_script_is_updated(editor_api: ContractClient, world: World) -> None:
    pipeline_id, script = create(world)

    updated = editor_api.call(
        "PUT /api/pipelines/{id}/scripts/{script_id}",
        id=pipeline_id,
        script_id=script["id"],
        json={"description": "Cleans"},
    )

    assert updated["description"] == "Cleans"
    assert updated["content"] == script["content"]


@documents("DELETE /api/pipelines/{id}/scripts/{script_id}")
def test_a_script_is_deleted(editor_api: ContractClient, world: World) -> None:
    pipeline_id, script = create(world)
    one = "/api/pipelines/{id}/scripts/{script_id}"

    editor_api.call(f"DELETE {one}", id=pipeline_id, script_id=script["id"])

    editor_api.call(f"GET {one}", id=pipeline_id, script_id=script["id"], status=404)
