"""Contract: the documented errors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.api.conftest import ClientFor
from tests.api.contract.claims import documents
from tests.api.contract.client import Calls, ContractClient
from tests.api.contract.world import World
from tests.servers import Database


@documents(400)
def test_400_a_body_that_is_not_json(editor_api: ContractClient) -> None:
    error = editor_api.call(
        "POST /api/sources",
        status=400,
        content=b'{"name": ',
        headers={"Content-Type": "application/json"},
    )

    assert error["code"] == "VALIDATION_ERROR"


@documents(401)
def test_401_a_wrong_password_and_a_missing_token(anonymous_api: ContractClient) -> None:
    error = anonymous_api.call(
        "POST /api/auth/login",
        status=401,
        json={"email": "nobody@example.com", "password": "wrong"},
    )
    anonymous_api.call("GET /api/sources", status=401)

    assert (error["code"], error["message"]) == ("AUTH_FAILED", "Invalid email or password")


@documents(403)
def test_403_what_the_role_does_not_allow(
    viewer_api: ContractClient, editor_api: ContractClient, world: World
) -> None:
    error = viewer_api.call("DELETE /api/sources/{id}", id=world.source["id"], status=403)
    editor_api.call("GET /api/settings", status=403)

    assert error["code"] == "FORBIDDEN"


@documents(404)
def test_404_what_is_not_there(viewer_api: ContractClient) -> None:
    error = viewer_api.call("GET /api/sources/{id}", id=uuid.uuid4(), status=404)

    assert error["code"] == "NOT_FOUND"


@documents(409)
def test_409_a_taken_name_and_a_second_run(editor_api: ContractClient, world: World) -> None:
    taken = {**world.source, "name": world.source["name"].upper()}
    body = {key: taken[key] for key in ("name", "type", "host", "port", "database", "username")}
    error = editor_api.call("POST /api/sources", status=409, json={**body, "password": "x"})
    assert error["code"] == "CONFLICT"

    used = editor_api.call(
        "DELETE /api/sources/{id}", id=world.synced_pipeline["source_id"], status=409
    )
    assert world.synced_pipeline["name"] in used["message"]

    pipeline = world.make_pipeline("slow")
    run_id = world.trigger(pipeline)
    second = editor_api.call("POST /api/pipelines/{id}/trigger", id=pipeline["id"], status=409)
    assert run_id in str(second)
    editor_api.call("POST /api/runs/{id}/cancel", id=run_id)
    assert world.finished_run(run_id)["status"] == "cancelled"


@documents(422)
def test_422_the_fields_at_fault_are_named(editor_api: ContractClient) -> None:
    error = editor_api.call(
        "POST /api/sources", status=422, json={"name": "", "type": "oracle", "port": "x"}
    )

    assert error["code"] == "VALIDATION_ERROR"
    named = {problem["field"] for problem in error["fields"]}
    assert named >= {"name", "type", "port", "host", "database", "username"}


@pytest.fixture
def broken_catalog(app: FastAPI, users: object, catalog_db: Database) -> Iterator[None]:
    """A fault nobody foresaw: a table of the catalog is gone."""
    catalog_db.execute("DROP TABLE arus_config.settings CASCADE")
    yield


@documents(500)
def test_500_tells_nothing_but_the_requests_id(
    broken_catalog: None, client_for: ClientFor, calls: Calls
) -> None:
    response = client_for("admin").get("/api/settings")

    calls.made.add(("GET /api/settings", response.status_code))
    assert response.status_code == 500
    answer = response.json()
    assert (answer["status"], answer["error"]["code"]) == ("error", "INTERNAL_ERROR")
    assert answer["error"]["request_id"] == response.headers["x-request-id"]
    assert "settings" not in response.text


@documents(502)
def test_502_a_database_that_cannot_be_reached(editor_api: ContractClient, world: World) -> None:
    # Port 9 (discard) is closed; the reason is the driver's, the password in it is not.
    source = world.make_source(port=9)

    error = editor_api.call("POST /api/sources/{id}/test", id=source["id"], status=502)

    assert error["code"] == "CONNECTION_FAILED"
    assert "refused" in error["message"].lower()
    assert world.shop.spec.password not in error["message"]
    shown = editor_api.call("GET /api/sources/{id}", id=source["id"])
    assert shown["status"] == "error"
