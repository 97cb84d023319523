"""Contract: notification targets and links."""

from __future__ import annotations

from typing import Any

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient
from tests.api.contract.fields import LINK, TARGET, assert_fields
from tests.api.contract.receiver import Receiver
from tests.api.contract.world import World, unique

SAMPLE = reference.endpoints()["POST /api/notifications/targets"].request
EVENTS = reference.endpoints()["POST /api/notifications/links"].request["events"]


def create(api: ContractClient, **changes: Any) -> dict[str, Any]:
    target: dict[str, Any] = api.call(
        "POST /api/notifications/targets",
        status=201,
        json={**SAMPLE, "name": unique(SAMPLE["name"]), **changes},
    )
    return target


def link(world: World) -> dict[str, Any]:
    made: dict[str, Any] = world.api.call(
        "POST /api/notifications/links",
        status=201,
        json={
            "pipeline_id": world.idle_pipeline["id"],
            "target_id": create(world.api)["id"],
            "events": EVENTS,
        },
    )
    return made


@documents("GET /api/notifications/targets")
def test_targets_are_listed(viewer_api: ContractClient, editor_api: ContractClient) -> None:
    newest = create(editor_api)

    targets, meta = viewer_api.page("GET /api/notifications/targets", params={"limit": 1})

    assert_fields(TARGET, targets[0])
    assert targets[0]["id"] == newest["id"]
    assert SAMPLE["config"]["bot_token"] not in str(targets)
    assert meta["limit"] == 1


@documents("POST /api/notifications/targets")
def test_a_target_is_created(editor_api: ContractClient) -> None:
    target = create(editor_api)

    assert_fields(TARGET, target)
    assert (target["type"], target["active"]) == ("telegram", True)
    assert target["config"]["chat_id"] == SAMPLE["config"]["chat_id"]
    assert SAMPLE["config"]["bot_token"] not in str(target)


@documents("PUT /api/notifications/targets/{id}")
def test_a_target_is_updated_field_by_field(editor_api: ContractClient) -> None:
    target = create(editor_api)

    updated = editor_api.call(
        "PUT /api/notifications/targets/{id}", id=target["id"], json={"active": False}
    )

    assert updated["active"] is False
    assert (updated["name"], updated["config"]) == (target["name"], target["config"])


@documents("DELETE /api/notifications/targets/{id}")
def test_a_target_is_deleted(editor_api: ContractClient) -> None:
    target = create(editor_api)

    editor_api.call("DELETE /api/notifications/targets/{id}", id=target["id"])

    targets, _ = editor_api.page("GET /api/notifications/targets", params={"limit": 500})
    assert target["id"] not in {other["id"] for other in targets}


@documents("POST /api/notifications/targets/{id}/test")
def test_a_test_notification_is_sent(
    editor_api: ContractClient, admin_api: ContractClient, receiver: Receiver
) -> None:
    # The receiver listens on the server's own machine, which only an admin may open.
    admin_api.call("PUT /api/settings", json={"notify_allow_local": "true"})
    target = create(editor_api, type="webhook", config={"url": f"{receiver.url}/contract"})

    try:
        editor_api.call("POST /api/notifications/targets/{id}/test", id=target["id"])
    finally:
        admin_api.call("PUT /api/settings", json={"notify_allow_local": "false"})

    [received] = receiver.wait_for("/contract")
    assert received.headers["content-type"].startswith("application/json")


@documents("GET /api/notifications/links/{pipeline_id}")
def test_a_pipelines_links_are_listed(viewer_api: ContractClient, world: World) -> None:
    made = link(world)

    links, _ = viewer_api.page(
        "GET /api/notifications/links/{pipeline_id}", pipeline_id=made["pipeline_id"]
    )

    assert made["id"] in {other["id"] for other in links}
    for other in links:
        assert_fields(LINK, other)


@documents("POST /api/notifications/links")
def test_a_link_is_created(world: World) -> None:
    made = link(world)

    assert_fields(LINK, made)
    assert sorted(made["events"]) == sorted(EVENTS)


@documents("PUT /api/notifications/links/{id}")
def test_a_link_is_updated(editor_api: ContractClient, world: World) -> None:
    made = link(world)

    updated = editor_api.call(
        "PUT /api/notifications/links/{id}", id=made["id"], json={"events": ["success"]}
    )

    assert updated["events"] == ["success"]
    assert updated["target_id"] == made["target_id"]


@documents("DELETE /api/notifications/links/{id}")
def test_a_link_is_deleted(editor_api: ContractClient, world: World) -> None:
    made = link(world)

    editor_api.call("DELETE /api/notifications/links/{id}", id=made["id"])

    links, _ = editor_api.page(
        "GET /api/notifications/links/{pipeline_id}", pipeline_id=made["pipeline_id"]
    )
    assert made["id"] not in {other["id"] for other in links}
