"""User management."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from arus_dagster.catalog import User
from tests.api.conftest import PASSWORD, ClientFor

NEW = {
    "email": "New@Example.com",
    "name": " New User ",
    "password": "secure_pass",
    "role": "viewer",
}


def test_a_created_user_is_answered_without_password_and_can_log_in(
    admin: TestClient, anonymous: TestClient
) -> None:
    answer = admin.post("/api/auth/users", json=NEW)

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert uuid.UUID(data.pop("id"))
    assert data.pop("created_at").endswith("Z")
    assert data.pop("updated_at").endswith("Z")
    assert data == {
        "email": "new@example.com",
        "name": "New User",
        "role": "viewer",
        "is_active": True,
    }
    logged_in = anonymous.post(
        "/api/auth/login", json={"email": "new@example.com", "password": "secure_pass"}
    )
    assert logged_in.status_code == 200


def test_the_list_pages_newest_first(admin: TestClient) -> None:
    for number in range(4):
        admin.post("/api/auth/users", json={**NEW, "email": f"u{number}@example.com"})

    answer = admin.get("/api/auth/users", params={"limit": 2, "offset": 1}).json()

    assert [user["email"] for user in answer["data"]] == ["u2@example.com", "u1@example.com"]
    assert answer["meta"] == {"total": 7, "limit": 2, "offset": 1}


def test_a_taken_email_is_a_conflict_ignoring_case(admin: TestClient) -> None:
    answer = admin.post("/api/auth/users", json={**NEW, "email": "VIEWER@example.com"})

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", "a" * 320 + "@example.com"),
        ("name", "  "),
        ("name", "x" * 201),
        ("password", "short"),
        ("password", "x" * 1025),
        ("role", "owner"),
        ("role", None),
        ("is_admin", True),
    ],
)
def test_a_field_that_is_not_acceptable_is_named(
    admin: TestClient, field: str, value: object
) -> None:
    answer = admin.post("/api/auth/users", json={**NEW, field: value})

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["error"]["fields"]] == [field]


def test_an_update_changes_only_what_is_sent(admin: TestClient, users: dict[str, User]) -> None:
    path = f"/api/auth/users/{users['viewer'].id}"

    answer = admin.patch(path, json={"name": "New Name", "role": "editor"})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["role"]) == ("New Name", "editor")
    assert (data["email"], data["is_active"]) == ("viewer@example.com", True)


def test_null_is_no_value_of_a_users_field(admin: TestClient, users: dict[str, User]) -> None:
    answer = admin.patch(f"/api/auth/users/{users['viewer'].id}", json={"name": None})

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["field"] == "name"


def test_a_reset_password_replaces_the_old_one(
    admin: TestClient, anonymous: TestClient, users: dict[str, User]
) -> None:
    admin.patch(f"/api/auth/users/{users['viewer'].id}", json={"password": "another one"})

    def login(password: str) -> int:
        body = {"email": "viewer@example.com", "password": password}
        return anonymous.post("/api/auth/login", json=body).status_code

    assert login(PASSWORD) == 401
    assert login("another one") == 200


def test_a_deleted_user_is_gone(
    admin: TestClient, viewer: TestClient, users: dict[str, User]
) -> None:
    path = f"/api/auth/users/{users['viewer'].id}"

    assert admin.delete(path).status_code == 200
    assert viewer.get("/api/auth/me").status_code == 401
    assert admin.delete(path).status_code == 404
    assert admin.patch(path, json={"name": "X"}).status_code == 404


def test_nobody_deletes_themselves(admin: TestClient, users: dict[str, User]) -> None:
    admin.post("/api/auth/users", json={**NEW, "role": "admin"})

    answer = admin.delete(f"/api/auth/users/{users['admin'].id}")

    assert answer.status_code == 409
    assert admin.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("changes", [{"role": "editor"}, {"is_active": False}])
def test_the_last_active_admin_stays(
    admin: TestClient, users: dict[str, User], changes: dict[str, object]
) -> None:
    answer = admin.patch(f"/api/auth/users/{users['admin'].id}", json=changes)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


def test_admins_who_demote_each_other_at_once_leave_one(
    app: FastAPI, client_for: ClientFor, users: dict[str, User]
) -> None:
    with app.state.catalog.session() as session:
        session.get_one(User, users["editor"].id).role = "admin"
    pairs = [("admin", "editor"), ("editor", "admin")]

    def demote(pair: tuple[str, str]) -> int:
        path = f"/api/auth/users/{users[pair[1]].id}"
        return client_for(pair[0]).patch(path, json={"role": "viewer"}).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(demote, pairs))

    # The loser is told of the conflict, or is no admin any more by the time it is asked.
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 403, 409}
    with app.state.catalog.session() as session:
        assert session.scalar(select(func.count()).where(User.role == "admin")) == 1
