"""Login, refresh, the present user, logout."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_api.auth import tokens
from arus_api.auth.throttle import ACCOUNT_LIMIT
from arus_dagster.catalog import User
from arus_dagster.catalog.repositories import users as catalog_users
from arus_dagster.crypto import hash_password
from tests.api.conftest import PASSWORD

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def login(client: TestClient, email: str = "editor@example.com", password: str = PASSWORD) -> Any:
    return client.post("/api/auth/login", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_login_answers_tokens_lifetimes_and_the_user(
    anonymous: TestClient, users: dict[str, User]
) -> None:
    answer = login(anonymous, "Editor@Example.com")

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["expires_in"] == 900
    assert data["refresh_expires_in"] == 604_800
    assert data["user"] == {
        "id": str(users["editor"].id),
        "email": "editor@example.com",
        "name": "Editor",
        "role": "editor",
    }
    left = datetime.fromisoformat(data["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=880) < left <= timedelta(seconds=900)
    assert data["expires_at"].endswith("Z")
    me = anonymous.get("/api/auth/me", headers=bearer(data["access_token"]))
    assert me.json() == {"status": "ok", "data": data["user"]}


@pytest.mark.parametrize(
    ("email", "password"), [("editor@example.com", "wrong"), ("nobody@example.com", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_user_are_told_alike(
    anonymous: TestClient, email: str, password: str
) -> None:
    answer = login(anonymous, email, password)

    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": "AUTH_FAILED",
        "message": "Invalid email or password",
    }


def test_refresh_answers_as_login_does(anonymous: TestClient) -> None:
    first = login(anonymous).json()["data"]

    answer = anonymous.post(
        "/api/auth/refresh", headers={"X-Refresh-Token": first["refresh_token"]}
    )

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data.keys() == first.keys()
    assert data["user"] == first["user"]
    assert anonymous.get("/api/auth/me", headers=bearer(data["access_token"])).status_code == 200


def test_neither_token_works_in_the_others_place(anonymous: TestClient) -> None:
    data = login(anonymous).json()["data"]

    as_access = anonymous.get("/api/auth/me", headers=bearer(data["refresh_token"]))
    as_refresh = anonymous.post(
        "/api/auth/refresh", headers={"X-Refresh-Token": data["access_token"]}
    )

    assert as_access.status_code == as_refresh.status_code == 401
    assert as_access.json()["error"]["code"] == "AUTH_FAILED"


def test_logout_answers_ok(viewer: TestClient) -> None:
    answer = viewer.post("/api/auth/logout")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def forged(app: FastAPI, user: User, **changes: Any) -> str:
    secret = app.state.settings.jwt_secret.get_secret_value()
    now = datetime.now(UTC)
    claims = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": str(user.id),
        "typ": "access",
        "pwd": tokens.password_digest(user, secret),
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }
    key = changes.pop("key", secret)
    algorithm = changes.pop("algorithm", "HS256")
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)


def test_a_token_with_all_claims_right_is_taken(
    app: FastAPI, anonymous: TestClient, users: dict[str, User]
) -> None:
    answer = anonymous.get("/api/auth/me", headers=bearer(forged(app, users["viewer"])))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another secret of sufficient length, yes"},
        {"algorithm": "none", "key": ""},
        {"algorithm": "HS512"},
        {"algorithm": "RS256", "key": RSA_KEY},
        {"iat": datetime(2100, 1, 1, tzinfo=UTC)},
        {"aud": [tokens.AUDIENCE, "another"], "typ": "refresh"},
        {"iss": "somebody"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"sub": "not-a-uuid"},
        {"sub": None},
        {"typ": None},
        {"typ": "refresh"},
        {"pwd": None},
        {"pwd": "0" * 32},
    ],
    ids=lambda changes: ",".join(f"{k}={v}" for k, v in changes.items() if v is not RSA_KEY),
)
def test_a_token_with_one_thing_wrong_is_refused(
    app: FastAPI, anonymous: TestClient, users: dict[str, User], changes: dict[str, Any]
) -> None:
    answer = anonymous.get("/api/auth/me", headers=bearer(forged(app, users["admin"], **changes)))

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTH_FAILED"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_that_names_its_own_key_or_algorithm_is_refused(
    app: FastAPI, anonymous: TestClient, users: dict[str, User]
) -> None:
    """A header that says how to check the token is not believed."""
    good = forged(app, users["admin"])
    _, claims, signature = good.split(".")

    def with_header(**header: Any) -> str:
        text = json.dumps({"typ": "JWT", **header}).encode()
        return f"{base64.urlsafe_b64encode(text).decode().rstrip('=')}.{claims}.{signature}"

    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(b"mine").decode()}
    for token in (
        with_header(alg="none"),
        with_header(alg="nOnE"),
        with_header(alg="RS256"),
        with_header(alg="HS256", jwk=jwk),
        with_header(alg="HS256", kid="../../dev/null"),
        with_header(alg="none").rsplit(".", 1)[0] + ".",
        good.rsplit(".", 1)[0] + ".",
        good.rsplit(".", 1)[0],
    ):
        answer = anonymous.get("/api/auth/me", headers=bearer(token))
        assert answer.status_code == 401, token
        assert answer.json()["error"]["code"] == "AUTH_FAILED"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Token x"]
)
def test_a_header_that_holds_no_token_is_refused(anonymous: TestClient, header: str) -> None:
    answer = anonymous.get("/api/auth/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTH_FAILED"


def test_a_deactivated_user_loses_access_at_the_next_request(
    app: FastAPI, editor: TestClient, anonymous: TestClient, users: dict[str, User]
) -> None:
    refresh_token = login(anonymous).json()["data"]["refresh_token"]
    assert editor.get("/api/auth/me").status_code == 200

    with app.state.catalog.session() as session:
        user = catalog_users.get(session, users["editor"].id)
        catalog_users.update(session, user, {"is_active": False})

    assert editor.get("/api/auth/me").status_code == 401
    refreshed = anonymous.post("/api/auth/refresh", headers={"X-Refresh-Token": refresh_token})
    assert refreshed.status_code == 401
    assert login(anonymous).status_code == 401


def test_a_new_role_holds_at_the_next_request(
    app: FastAPI, admin: TestClient, users: dict[str, User]
) -> None:
    assert admin.get("/api/settings").status_code == 200
    with app.state.catalog.session() as session:
        session.add(
            User(email="b@example.com", name="B", password_hash="x", role="admin", is_active=True)
        )
        session.flush()
        user = catalog_users.get(session, users["admin"].id)
        catalog_users.update(session, user, {"role": "viewer"})

    answer = admin.get("/api/settings")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"


def test_a_new_password_ends_the_sessions_of_the_old_one(
    app: FastAPI, anonymous: TestClient, users: dict[str, User]
) -> None:
    data = login(anonymous).json()["data"]
    with app.state.catalog.session() as session:
        user = catalog_users.get(session, users["editor"].id)
        catalog_users.update(session, user, {"password_hash": hash_password("another one")})

    me = anonymous.get("/api/auth/me", headers=bearer(data["access_token"]))
    refreshed = anonymous.post(
        "/api/auth/refresh", headers={"X-Refresh-Token": data["refresh_token"]}
    )

    assert me.status_code == refreshed.status_code == 401


def test_logins_of_an_account_are_throttled_after_failures(anonymous: TestClient) -> None:
    answers = [login(anonymous, password="guess") for _ in range(ACCOUNT_LIMIT + 1)]

    assert [answer.status_code for answer in answers] == [401] * ACCOUNT_LIMIT + [429]
    assert answers[-1].json()["error"]["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 301
    assert login(anonymous).status_code == 429  # the right password doesn't tell itself apart
    assert login(anonymous, "viewer@example.com").status_code == 200


def test_the_password_of_a_login_is_not_repeated_in_an_answer(anonymous: TestClient) -> None:
    answer = anonymous.post(
        "/api/auth/login", json={"email": "editor@example.com", "password": {"canary-7261": 1}}
    )

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["field"] == "password"
    assert "canary-7261" not in answer.text
