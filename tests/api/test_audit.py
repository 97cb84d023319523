"""The audit log: who did what, from where, and how it ended.

That each route leaves an entry when it succeeds is held by the contract's own conftest, which asks
after every test of a documented change.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_api.app import ROUTERS
from arus_api.audit.trail import SAFE_METHODS
from arus_api.auth.throttle import ACCOUNT_LIMIT
from arus_api.openapi import api_routes
from arus_dagster.catalog import AuditEntry, User
from arus_dagster.catalog.repositories import audit_entries
from arus_dagster.catalog.session import Catalog
from tests.api.conftest import PASSWORD, ClientFor

# It changes nothing, and a client does it every few minutes.
UNRECORDED = {"POST /api/auth/refresh"}
CHANGING = {
    f"{method} {route.path}": route
    for route in api_routes(ROUTERS)
    for method in (route.methods or set()) - SAFE_METHODS
}
SOURCE = {
    "name": "Shop",
    "type": "postgresql",
    "host": "db.example.com",
    "database": "shop",
    "username": "reader",
    "password": "canary-5512",
}


def entries(admin: TestClient, **wanted: Any) -> list[dict[str, Any]]:
    answer = admin.get("/api/audit", params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def newest(admin: TestClient, **wanted: Any) -> dict[str, Any]:
    return entries(admin, limit=1, **wanted)[0]


def make_source(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/sources", json=SOURCE | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_every_changing_route_leaves_an_entry_even_when_it_is_refused(
    app: FastAPI, client_for: ClientFor, users: dict[str, User], role: str
) -> None:
    client, admin = client_for(role), client_for("admin")
    for name, route in CHANGING.items():
        method, template = name.split()
        path = re.sub(r"{\w+}", str(uuid.uuid4()), template)

        answer = client.request(method, path, json={"email": users[role].email, "password": "no"})

        found = entries(admin, action=route.name)
        if name in UNRECORDED:
            assert found == []
            continue
        assert len(found) == 1, name
        (entry,) = found
        assert entry["user_email"] == users[role].email, name
        assert entry["user_id"] == str(users[role].id)
        assert entry["status"] == answer.status_code, name
        assert entry["resource"] == route.tags[0]
        assert entry["request_id"] == answer.headers["X-Request-ID"]
        assert entry["address"] == "testclient"
        if answer.status_code >= 400:
            assert entry["outcome"] == (
                "denied" if answer.status_code in (401, 403) else "failed"
            ), name
            assert entry["changes"] == []
        if "{" in template and answer.status_code != 403:
            assert entry["resource_id"] in path, name


def test_what_changed_is_told_by_name_and_never_by_value(
    admin: TestClient, editor: TestClient, users: dict[str, User]
) -> None:
    source = make_source(editor)

    made = newest(admin, resource="sources")
    assert (made["action"], made["outcome"], made["status"]) == ("create_source", "success", 201)
    assert made["resource_id"] == source["id"]
    assert made["user_id"] == str(users["editor"].id)
    assert made["changes"] == [
        {"resource": "source", "change": "created", "id": source["id"], "name": "Shop"}
        | {"fields": []}
    ]

    path = f"/api/sources/{source['id']}"
    changed = {"name": "Shop", "username": "other", "password": "canary-5513"}
    assert editor.put(path, json=changed).status_code == 200
    (change,) = newest(admin, resource_id=source["id"])["changes"]
    assert (change["change"], change["fields"]) == ("updated", ["password", "username"])

    assert editor.put(path, json={"name": "Shop"}).status_code == 200
    assert newest(admin, resource_id=source["id"])["changes"] == []

    assert editor.delete(path).status_code == 200
    (change,) = newest(admin, resource_id=source["id"])["changes"]
    assert (change["change"], change["name"]) == ("deleted", "Shop")
    assert "canary" not in admin.get("/api/audit").text


def test_settings_and_passwords_are_told_by_name(admin: TestClient, users: dict[str, User]) -> None:
    assert admin.put("/api/settings", json={"max_retries": "7", "lookback_seconds": "0"}).is_success
    (change,) = newest(admin, resource="settings")["changes"]
    assert (change["resource"], change["name"]) == ("setting", "max_retries")

    path = f"/api/auth/users/{users['viewer'].id}"
    assert admin.patch(path, json={"password": "another long one", "role": "editor"}).is_success
    (change,) = newest(admin, resource="users")["changes"]
    assert change["fields"] == ["password", "role"]
    assert change["id"] == str(users["viewer"].id)


def test_logins_are_told_and_what_was_typed_for_an_unknown_user_is_not(
    admin: TestClient, anonymous: TestClient, users: dict[str, User]
) -> None:
    email = users["editor"].email
    for body in (
        {"email": email, "password": PASSWORD},
        {"email": email, "password": "guess"},
        {"email": "canary-typed-here", "password": "guess"},
    ):
        anonymous.post("/api/auth/login", json=body)

    unknown, wrong, right = entries(admin, resource="auth")
    assert (right["action"], right["outcome"], right["user_email"]) == ("login", "success", email)
    assert (wrong["outcome"], wrong["status"], wrong["user_email"]) == ("denied", 401, email)
    assert (unknown["outcome"], unknown["user_email"], unknown["user_id"]) == ("denied", None, None)
    assert "canary" not in admin.get("/api/audit").text


def test_a_flood_of_logins_leaves_no_flood_of_entries(
    admin: TestClient, anonymous: TestClient
) -> None:
    body = {"email": "nobody@example.com", "password": "guess"}
    answers = [anonymous.post("/api/auth/login", json=body) for _ in range(ACCOUNT_LIMIT + 3)]

    assert [answer.status_code for answer in answers].count(429) == 3
    assert len(entries(admin, resource="auth")) == ACCOUNT_LIMIT


def test_an_answer_given_again_is_told_once(admin: TestClient, editor: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    first = editor.post("/api/sources", json=SOURCE, headers=key)
    again = editor.post("/api/sources", json=SOURCE, headers=key)

    assert first.json() == again.json()
    assert len(entries(admin, action="create_source")) == 1


def test_the_entry_is_in_the_transaction_of_the_change(
    admin: TestClient, editor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audit_entries.record

    def fails_on_success(*args: Any, **values: Any) -> None:
        if values["outcome"] == "success":
            raise RuntimeError("the log can't be written")
        real(*args, **values)

    monkeypatch.setattr(audit_entries, "record", fails_on_success)

    answer = editor.post("/api/sources", json=SOURCE)

    assert answer.status_code == 500
    assert admin.get("/api/sources").json()["meta"]["total"] == 0
    assert newest(admin)["status"] == 500


def test_it_is_filtered_and_paged(
    admin: TestClient, editor: TestClient, users: dict[str, User]
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    sources = [make_source(editor, name=f"Shop {number}") for number in range(3)]
    admin.put("/api/settings", json={"max_retries": "4"})
    editor.post("/api/sources", json=SOURCE | {"name": "Shop 1"})

    assert len(entries(admin, resource="sources")) == 4
    assert len(entries(admin, resource="sources", outcome="failed")) == 1
    assert len(entries(admin, user_id=str(users["admin"].id))) == 1
    assert len(entries(admin, resource_id=sources[0]["id"])) == 1
    assert entries(admin, until=before.isoformat()) == []
    assert len(entries(admin, since=before.isoformat())) == 5
    answer = admin.get("/api/audit", params={"resource": "sources", "limit": 2, "offset": 1})
    assert answer.json()["meta"] == {"total": 4, "limit": 2, "offset": 1}
    names = [entry["changes"][0]["name"] for entry in answer.json()["data"]]
    assert names == ["Shop 2", "Shop 1"]


def test_only_admins_read_it_and_nobody_changes_it(
    admin: TestClient, editor: TestClient, anonymous: TestClient
) -> None:
    assert editor.get("/api/audit").status_code == 403
    assert anonymous.get("/api/audit").status_code == 401
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/api/audit").status_code == 405
        assert admin.request(method, f"/api/audit/{uuid.uuid4()}").status_code == 404


def test_entries_past_their_time_are_forgotten(app: FastAPI, editor: TestClient) -> None:
    make_source(editor)
    make_source(editor, name="Later")
    catalog: Catalog = app.state.catalog
    with catalog.session() as session:
        old = session.query(AuditEntry).order_by(AuditEntry.created_at).first()
        assert old is not None
        old.created_at -= timedelta(days=400)
    with catalog.session() as session:
        assert audit_entries.prune(session, timedelta(days=365)) == 1
        assert session.query(AuditEntry).count() == 1


def test_a_long_list_of_changes_is_cut_and_counted(app: FastAPI, admin: TestClient) -> None:
    from arus_dagster.catalog.changes import Change

    many = [Change("table", "created", name=f"t{n}") for n in range(1000)]
    with app.state.catalog.session() as session:
        audit_entries.record(
            session,
            action="create_pipeline",
            resource="pipelines",
            address="10.0.0.1",
            outcome="success",
            changes=many,
        )

    entry = newest(admin)
    assert (len(entry["changes"]), entry["changes_total"]) == (audit_entries.MOST_CHANGES, 1000)
