"""Contract: destinations."""

from __future__ import annotations

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient
from tests.api.contract.fields import DESTINATION, assert_fields
from tests.api.contract.world import World, unique


@documents("GET /api/destinations")
def test_destinations_are_listed(viewer_api: ContractClient, world: World) -> None:
    newest = world.make_destination()

    destinations, meta = viewer_api.page("GET /api/destinations", params={"limit": 1})

    assert_fields(DESTINATION, destinations[0])
    assert destinations[0]["id"] == newest["id"]
    assert meta["total"] >= 1


@documents("POST /api/destinations")
def test_a_destination_is_created(editor_api: ContractClient, world: World) -> None:
    sample = reference.endpoints()["POST /api/destinations"].request
    # Not the default: that is the one other tests sync to.
    body = {**sample, "name": unique(sample["name"]), "is_default": False}

    destination = editor_api.call("POST /api/destinations", status=201, json=body)

    assert_fields(DESTINATION, destination)
    assert destination["status"] == "registered"
    shown = {key: destination[key] for key in body if key != "password"}
    assert shown == {key: value for key, value in body.items() if key != "password"}
    assert sample["password"] not in str(destination)


@documents("GET /api/destinations/{id}")
def test_a_destination_is_shown(viewer_api: ContractClient, world: World) -> None:
    shown = viewer_api.call("GET /api/destinations/{id}", id=world.destination["id"])

    assert_fields(DESTINATION, shown)
    assert shown["name"] == world.destination["name"]
    assert world.warehouse.spec.password not in str(shown)


@documents("PUT /api/destinations/{id}")
def test_a_destination_is_updated_field_by_field(editor_api: ContractClient, world: World) -> None:
    destination = world.make_destination()
    name = unique("Renamed")

    updated = editor_api.call(
        "PUT /api/destinations/{id}", id=destination["id"], json={"name": name}
    )

    assert updated["name"] == name
    assert updated["target_schema"] == destination["target_schema"]
    editor_api.call("POST /api/destinations/{id}/test", id=destination["id"])


@documents("DELETE /api/destinations/{id}")
def test_a_destination_is_deleted(editor_api: ContractClient, world: World) -> None:
    destination = world.make_destination()

    editor_api.call("DELETE /api/destinations/{id}", id=destination["id"])

    editor_api.call("GET /api/destinations/{id}", id=destination["id"], status=404)


@documents("POST /api/destinations/{id}/test")
def test_a_destination_is_tested(editor_api: ContractClient, world: World) -> None:
    destination = world.make_destination()

    answer = editor_api.call("POST /api/destinations/{id}/test", id=destination["id"])

    assert answer["connected"] is True
    tested = editor_api.call("GET /api/destinations/{id}", id=destination["id"])
    assert tested["status"] == "connected"
