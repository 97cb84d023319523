"""After the encryption key was lost: what was stored under it is entered anew, over the API."""

from __future__ import annotations

import uuid

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from arus_dagster.catalog import Destination, Source
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.cli.doctor import databases
from arus_dagster.crypto import Cipher
from tests.api.bodies import connection_body

MODELS = {"sources": Source, "destinations": Destination}


def lose_the_key(app, table, column):
    """Put under another key what the rows hold."""
    lost = Cipher(Fernet.generate_key().decode()).encrypt_json({"password": "of before"})
    with app.state.catalog.session() as session:
        session.execute(text(f"UPDATE arus_config.{table} SET {column} = :lost"), {"lost": lost})


@pytest.fixture(params=MODELS)
def place(request, app, editor, warehouse_db):
    """A source or destination whose secrets can't be read any more: its kind, and as shown."""
    body = connection_body(warehouse_db.spec, "Shop")
    made = editor.post(f"/api/{request.param}", json=body).json()["data"]
    lose_the_key(app, request.param, "secrets")
    return request.param, made


def test_a_password_is_entered_anew(app, editor, place, warehouse_db):
    kind, made = place
    path = f"/api/{kind}/{made['id']}"
    assert "ARUS_ENCRYPTION_KEY" in editor.post(f"{path}/test").json()["error"]["message"]

    answer = editor.put(path, json={"password": warehouse_db.spec.password})

    assert answer.status_code == 200, answer.text
    assert editor.post(f"{path}/test").json()["status"] == "ok"
    with app.state.catalog.session() as session:
        row = session.get(MODELS[kind], uuid.UUID(made["id"]))
        assert connection_spec(session, row).password == warehouse_db.spec.password


def test_what_needs_no_secret_is_changed_as_ever(editor, place):
    kind, made = place
    answer = editor.put(f"/api/{kind}/{made['id']}", json={"name": "Other", "password": "********"})
    assert (answer.status_code, answer.json()["data"]["name"]) == (200, "Other")


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"ssl_key": "a key"}, "password"),
        ({"host": "elsewhere.example.com"}, "password"),
        ({"ssl_cert": "a certificate", "password": "new"}, "ssl_key"),
    ],
)
def test_what_is_missing_is_named(editor, place, changes, missing):
    """Half of it would make a connection that fails for a reason nobody can see."""
    kind, made = place
    answer = editor.put(f"/api/{kind}/{made['id']}", json=changes)
    assert answer.status_code == 422, answer.text
    assert [f["field"] for f in answer.json()["error"]["fields"]] == [missing]


def test_a_notification_target_is_entered_anew(app, editor, admin):
    body = {"name": "Team", "type": "webhook", "config": {"url": "https://hooks.example.com/a"}}
    made = editor.post("/api/notifications/targets", json=body).json()["data"]
    lose_the_key(app, "notification_targets", "config")
    path = f"/api/notifications/targets/{made['id']}"

    answer = editor.put(path, json={"config": {"url": "https://hooks.example.com/b"}})

    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["error"] is None


def test_the_doctor_names_each_that_cannot_be_read(app, editor, warehouse_db):
    for kind in MODELS:
        body = connection_body(warehouse_db.spec, f"Lost {kind}")
        assert editor.post(f"/api/{kind}", json=body).status_code == 201
    target = {"name": "Lost", "type": "webhook", "config": {"url": "https://hooks.example.com/a"}}
    assert editor.post("/api/notifications/targets", json=target).status_code == 201
    for kind in MODELS:
        lose_the_key(app, kind, "secrets")
    lose_the_key(app, "notification_targets", "config")
    sound = connection_body(warehouse_db.spec, "Sound")
    assert editor.post("/api/sources", json=sound).status_code == 201

    found = {finding.subject: finding for finding in databases.connections(app.state.catalog)}

    assert found.pop("Source Sound").state == "good"
    assert found.keys() == {
        "Source Lost sources",
        "Destination Lost destinations",
        "Notification target Lost",
    }
    for finding in found.values():
        assert finding.state == "bad" and "ARUS_ENCRYPTION_KEY" in finding.detail
        assert "enter it again" in finding.remedy
