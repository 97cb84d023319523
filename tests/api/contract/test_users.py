"""Contract: user management."""

from __future__ import annotations

from typing import Any

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient
from tests.api.contract.fields import USER, assert_fields
from tests.api.contract.world import unique


def create(api: ContractClient) -> dict[str, Any]:
    sample = reference.endpoints()["POST /api/auth/users"].request
    email = f"{unique('user').replace(' ', '')}@example.com"
    user: dict[str, Any] = api.call(
        "POST /api/auth/users", status=201, json={**sample, "email": email}
    )
    return user


@documents("GET /api/auth/users")
def test_users_are_listed(admin_api: ContractClient) -> None:
    newest = create(admin_api)

    users, meta = admin_api.page("GET /api/auth/users", params={"limit": 1, "offset": 0})

    assert_fields(USER | {"is_active"}, users[0])
    assert users[0]["id"] == newest["id"]
    assert meta["limit"] == 1 and meta["total"] > 1


@documents("POST /api/auth/users")
def test_a_user_is_created(admin_api: ContractClient) -> None:
    user = create(admin_api)

    assert_fields(USER, user)
    assert (user["name"], user["role"]) == ("User Name", "viewer")
    assert "password" not in user


@documents("PATCH /api/auth/users/{id}")
def test_a_user_is_updated(admin_api: ContractClient) -> None:
    user = create(admin_api)
    sample = reference.endpoints()["PATCH /api/auth/users/{id}"].request

    updated = admin_api.call("PATCH /api/auth/users/{id}", id=user["id"], json=sample)

    assert {key: updated[key] for key in sample} == sample
    assert updated["email"] == user["email"]


@documents("DELETE /api/auth/users/{id}")
def test_a_user_is_deleted(admin_api: ContractClient) -> None:
    user = create(admin_api)

    admin_api.call("DELETE /api/auth/users/{id}", id=user["id"])

    users, _ = admin_api.page("GET /api/auth/users", params={"limit": 500})
    assert user["id"] not in {other["id"] for other in users}
    me = admin_api.call("GET /api/auth/me")
    admin_api.call("DELETE /api/auth/users/{id}", id=me["id"], status=409)
