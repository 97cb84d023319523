import uuid

import pytest

from arus_dagster.catalog import Destination
from arus_dagster.catalog.specs import connection_spec
from tests.api.bodies import connection_body

REFERENCE = {
    "name": "Warehouse",
    "type": "postgresql",
    "host": "arus-db",
    "port": 5432,
    "database": "arus_warehouse",
    "username": "arus",
    "password": "arus_secret",
    "raw_schema": "staging",
    "target_schema": "analytics",
    "is_default": True,
}


def create(client, **changes):
    response = client.post("/api/destinations", json=REFERENCE | changes)
    assert response.status_code == 201, response.text
    return response.json()["data"]


def stored_spec(app, destination_id):
    with app.state.catalog.session() as session:
        return connection_spec(session, session.get(Destination, uuid.UUID(destination_id)))


def test_the_documented_body_makes_a_destination(editor, viewer):
    made = create(editor)

    assert {k: made[k] for k in REFERENCE} == REFERENCE | {"password": "********"}
    assert (made["status"], made["last_tested"]) == ("registered", None)
    assert made["created_at"].endswith("Z")
    assert viewer.get(f"/api/destinations/{made['id']}").json()["data"] == made
    listed = viewer.get("/api/destinations").json()
    assert listed["data"] == [made]
    assert listed["meta"] == {"total": 1, "limit": 50, "offset": 0}


def test_what_is_left_out_has_its_default(editor):
    body = {k: REFERENCE[k] for k in ("name", "host", "database", "username")}

    made = editor.post("/api/destinations", json=body).json()["data"]

    assert (made["type"], made["port"], made["ssl_mode"]) == ("postgresql", 5432, "prefer")
    assert (made["raw_schema"], made["target_schema"]) == ("staging", "analytics")
    assert made["is_default"] is False


def test_a_password_goes_in_and_never_comes_out(app, editor):
    made = create(editor, password="p@s/:%#? é", ssl_key="PRIVATE")
    path = f"/api/destinations/{made['id']}"

    for body in ({}, {"name": "Other"}, {"password": "********"}):
        answer = editor.put(path, json=body)
        assert answer.status_code == 200
        assert "p@s" not in answer.text and "PRIVATE" not in answer.text
        assert stored_spec(app, made["id"]).password == "p@s/:%#? é"

    editor.put(path, json={"password": "new", "ssl_key": None})
    assert stored_spec(app, made["id"]).password == "new"
    assert stored_spec(app, made["id"]).ssl_key is None


def test_the_mask_is_no_password_to_start_with(editor):
    answer = editor.post("/api/destinations", json=REFERENCE | {"password": "********"})

    assert answer.status_code == 422
    assert [f["field"] for f in answer.json()["error"]["fields"]] == ["password"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "mysql"),
        ("port", 0),
        ("port", 65536),
        ("host", ""),
        ("host", "/var/run/postgresql"),
        ("host", "a b"),
        ("host", "a,b"),
        ("host", "@abstract"),
        ("raw_schema", "pg_catalog"),
        ("raw_schema", "é" * 32),
        ("target_schema", "arus_config"),
        ("ssl_mode", "allow"),
        ("name", " "),
        ("nonsense", 1),
    ],
)
def test_what_is_not_acceptable_is_named(editor, field, value):
    made = create(editor)

    created = editor.post("/api/destinations", json=REFERENCE | {"name": "B", field: value})
    updated = editor.put(f"/api/destinations/{made['id']}", json={field: value})

    for answer in (created, updated):
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
        assert [f["field"] for f in answer.json()["error"]["fields"]] == [field]


def test_a_name_is_taken_ignoring_case(editor):
    create(editor)
    other = create(editor, name="Other")

    answer = editor.post("/api/destinations", json=REFERENCE | {"name": "warehouse"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    answer = editor.put(f"/api/destinations/{other['id']}", json={"name": "WAREHOUSE"})
    assert answer.status_code == 409


def test_the_default_is_one(editor):
    first = create(editor)
    second = create(editor, name="Second")

    assert second["is_default"] is True
    answer = editor.get(f"/api/destinations/{first['id']}").json()
    assert answer["data"]["is_default"] is False


def test_a_test_connects_and_its_outcome_is_kept(editor, warehouse_db):
    body = connection_body(warehouse_db.spec, "Real")
    made = editor.post("/api/destinations", json=body).json()["data"]

    answer = editor.post(f"/api/destinations/{made['id']}/test")

    assert answer.status_code == 200
    assert answer.json()["data"]["connected"] is True
    assert answer.json()["data"]["server_version"]
    shown = editor.get(f"/api/destinations/{made['id']}").json()["data"]
    assert (shown["status"], shown["last_error"]) == ("connected", None)
    assert shown["last_tested"].endswith("Z")


def test_an_unreachable_warehouse_is_502_with_the_reason_and_its_state_kept(editor):
    made = create(editor, host="127.0.0.1", port=9, password="p@s/:%#? é")

    answer = editor.post(f"/api/destinations/{made['id']}/test")

    assert answer.status_code == 502
    error = answer.json()["error"]
    assert error["code"] == "CONNECTION_FAILED"
    assert "refused" in error["message"].lower()
    assert "p@s" not in answer.text
    shown = editor.get(f"/api/destinations/{made['id']}").json()["data"]
    assert (shown["status"], shown["last_error"]) == ("error", error["message"])
    assert shown["last_tested"] is not None


def test_a_refused_login_is_502_without_the_password(editor, warehouse_db):
    body = connection_body(warehouse_db.spec, "Real", password="wr0ng-p@ss")
    made = editor.post("/api/destinations", json=body).json()["data"]

    answer = editor.post(f"/api/destinations/{made['id']}/test")

    assert answer.status_code == 502
    assert "password authentication failed" in answer.json()["error"]["message"]
    assert "wr0ng" not in answer.text


def test_a_changed_connection_is_no_longer_connected(editor, warehouse_db):
    body = connection_body(warehouse_db.spec, "Real")
    made = editor.post("/api/destinations", json=body).json()["data"]
    path = f"/api/destinations/{made['id']}"
    editor.post(f"{path}/test")

    assert editor.put(path, json={"name": "Renamed"}).json()["data"]["status"] == "connected"
    elsewhere = {"host": "other", "password": "entered again"}
    assert editor.put(path, json=elsewhere).json()["data"]["status"] == "registered"


@pytest.mark.parametrize(
    ("field", "value"), [("host", "evil.example.com"), ("port", 1), ("ssl_mode", "disable")]
)
def test_a_stored_password_goes_no_other_way(editor, field, value):
    made = create(editor)
    path = f"/api/destinations/{made['id']}"

    answer = editor.put(path, json={field: value})

    assert answer.status_code == 422
    assert [f["field"] for f in answer.json()["error"]["fields"]] == ["password"]
    assert editor.get(path).json()["data"][field] == made[field]


def test_a_deleted_destination_is_gone(editor):
    made = create(editor)
    path = f"/api/destinations/{made['id']}"

    answer = editor.delete(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    for again in (editor.get(path), editor.delete(path), editor.put(path, json={})):
        assert (again.status_code, again.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert editor.post(f"{path}/test").status_code == 404
