"""The envelope, whatever raised the answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import logging
import os
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import ValidationError
from sqlalchemy import text

from arus_api import middleware
from arus_api.app import create_app
from arus_api.deps import SessionDep
from arus_api.middleware import MAX_BODY_BYTES
from arus_dagster.errors import (
    ArusError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    CredentialsError,
    DetailedConflictError,
    InvalidInputError,
    NotFoundError,
    TransformError,
    UnavailableError,
)
from arus_dagster.logging import configure_logging
from arus_dagster.settings import Settings


def failing(app: FastAPI, error: Exception) -> TestClient:
    """The application with one more route, which fails in the given way."""
    router = APIRouter()

    @router.get("/api/failing")
    def fail() -> None:
        raise error

    app.include_router(router)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/nothing", "/api", "/api/none", "/api/sources/", "/API/health"])
def test_an_unknown_route(anonymous: TestClient, path: str) -> None:
    answer = anonymous.get(path)

    assert answer.status_code == 404
    assert answer.json()["status"] == "error"
    assert answer.json()["error"]["code"] == "NOT_FOUND"


def test_a_wrong_method(anonymous: TestClient) -> None:
    answer = anonymous.delete("/api/health")

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["Allow"] == "GET"


def test_a_wrong_method_is_told_all_that_the_path_has(anonymous: TestClient) -> None:
    answer = anonymous.patch("/api/sources/1")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "DELETE, GET, PUT"


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"not json", b'{"email": "a"', b"\xff\xfe\xfa", b'{"email": ' + b"9" * 5000 + b"}"],
)
def test_a_body_that_is_no_json(anonymous: TestClient, body: bytes) -> None:
    answer = anonymous.post(
        "/api/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    # An empty body is a missing one; everything else can't be parsed.
    assert answer.status_code == (400 if body else 422)
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("depth", [500, 100_000])
def test_a_body_nested_deeper_than_sense(anonymous: TestClient, depth: int) -> None:
    body = b'{"email": ' + b"[" * depth + b"]" * depth + b"}"

    answer = anonymous.post(
        "/api/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_a_body_of_another_type(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/auth/login", data={"email": "a", "password": "b"})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_every_field_at_fault_is_named(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/auth/login", json={"email": 1, "extra": 2})

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert {problem["field"] for problem in error["fields"]} == {"email", "password", "extra"}


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "a\\u0000b", "password": "x"}',
        '{"email": "\\ud800", "password": "x"}',
        '{"email": "a", "password": "\\udfff\\u0000"}',
        '{"email": "a", "password": "x", "\\u0000": 1}',
        '{"email": "a", "password": ["\\u0000"]}',
        '{"email": NaN, "password": "x"}',
        '{"email": Infinity, "password": "x"}',
        '{"email": 1e999, "password": "x"}',
    ],
)
def test_what_can_not_be_stored_is_refused(anonymous: TestClient, body: str) -> None:
    answer = anonymous.post(
        "/api/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_surrogates_in_raw_bytes_are_refused(anonymous: TestClient) -> None:
    answer = anonymous.post(
        "/api/auth/login",
        content=b'{"email": "\xed\xa0\x80", "password": "x"}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422


def test_a_pair_of_surrogates_is_a_character(anonymous: TestClient) -> None:
    answer = anonymous.post(
        "/api/auth/login",
        content=b'{"email": "\\ud83d\\ude00@example.com", "password": "x"}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/api/auth/users?limit=%00", "/api/auth/users?x=%00"])
def test_a_nul_in_the_query_is_refused(admin: TestClient, path: str) -> None:
    assert admin.get(path).status_code == 422


@pytest.mark.parametrize("name", ["not-a-uuid", "%00", "1", "x" * 2000, "%ED%A0%80"])
def test_an_id_that_is_no_uuid_is_refused(admin: TestClient, name: str) -> None:
    answer = admin.delete(f"/api/auth/users/{name}")

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["field"] == "id"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "offset=-1", "offset=99999999999999999999"]
)
def test_a_page_out_of_bounds_is_refused(admin: TestClient, query: str) -> None:
    answer = admin.get(f"/api/auth/users?{query}")

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["field"] == query.split("=")[0]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_too_large(anonymous: TestClient, announced: bool) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1024 + 1):
            yield b" " * 1024

    content = b" " * (MAX_BODY_BYTES + 1) if announced else chunks()
    answer = anonymous.post(
        "/api/auth/login", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_body_that_never_ends_is_given_up(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.05)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/auth/login",
        "raw_path": b"/api/auth/login",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"content-type", b"application/json")],
        "client": ("10.0.0.1", 1),
        "server": ("10.0.0.2", 80),
    }
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "REQUEST_TIMEOUT"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("no such thing here"), 404, "NOT_FOUND"),
        (ConflictError("not now"), 409, "CONFLICT"),
        (InvalidInputError("not this"), 422, "VALIDATION_ERROR"),
        (TransformError("line 3"), 422, "VALIDATION_ERROR"),
        (ConfigurationError("contradiction"), 422, "VALIDATION_ERROR"),
        (ConnectionFailedError("connection refused"), 502, "CONNECTION_FAILED"),
        (CredentialsError("login refused"), 502, "CONNECTION_FAILED"),
        (UnavailableError("Dagster is away"), 503, "UNAVAILABLE"),
    ],
)
def test_an_error_of_ours_is_told_as_it_stands(
    app: FastAPI, error: ArusError, status: int, code: str
) -> None:
    answer = failing(app, error).get("/api/failing")

    assert answer.status_code == status
    assert answer.json()["error"] == {"code": code, "message": error.message}


def test_a_conflict_carries_its_details_and_when_to_try_again(app: FastAPI) -> None:
    answer = failing(app, DetailedConflictError("busy", {"run_id": "r1"}, 3)).get("/api/failing")

    assert answer.status_code == 409
    assert answer.json()["error"]["details"] == {"run_id": "r1"}
    assert answer.headers["Retry-After"] == "3"


def test_an_unexpected_error_tells_nothing_but_the_requests_id(app: FastAPI) -> None:
    log = io.StringIO()
    configure_logging("INFO", log)
    client = failing(app, RuntimeError("canary-8812"))

    answer = client.get("/api/failing")

    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error == {
        "code": "INTERNAL_ERROR",
        "message": "Unexpected error",
        "request_id": answer.headers["X-Request-ID"],
    }
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    logged = next(line for line in lines if line["event"] == "unexpected_error")
    assert logged["request_id"] == error["request_id"]
    assert "canary-8812" in logged["exception"]


def test_a_catalog_that_is_away(api_settings: Settings) -> None:
    client = TestClient(create_app(api_settings.model_copy(update={"db_port": 9})))

    answer = client.post("/api/auth/login", json={"email": "a@b", "password": "x"})

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_commit_that_fails_is_no_success(app: FastAPI) -> None:
    router = APIRouter()

    @router.post("/api/failing")
    def deferred(session: SessionDep) -> dict[str, str]:
        session.execute(text("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        session.execute(text("INSERT INTO t VALUES (1), (1)"))
        return {"status": "ok"}

    app.include_router(router)

    answer = TestClient(app).post("/api/failing")

    assert answer.status_code == 409


def test_security_headers_stand_on_success_and_failure(anonymous: TestClient) -> None:
    for path in ("/api/health", "/api/nothing"):
        headers = anonymous.get(path, headers={"Origin": "https://elsewhere.example"}).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers


def test_a_page_may_load_files_of_this_origin_and_nothing_else(anonymous: TestClient) -> None:
    headers = anonymous.get("/some/page").headers
    policy = headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_of_the_description_runs_its_own_script_alone(anonymous: TestClient) -> None:
    answer = anonymous.get("/docs")

    (policy,) = answer.headers.get_list("Content-Security-Policy")
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "unsafe" not in scripts
    (inline,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in scripts


def test_transport_security_is_asked_for_where_there_is_tls(app: FastAPI) -> None:
    secure = TestClient(app, base_url="https://arus.example.com")

    assert "max-age" in secure.get("/api/health").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in TestClient(app).get("/api/health").headers


def test_other_origins_are_let_in_only_where_they_are_named(api_settings: Settings) -> None:
    named = "https://console.example.com"
    environment = {"ARUS_CORS_ORIGINS": f"{named}/, http://localhost:5173"}
    with mock.patch.dict(os.environ, environment):
        origins = Settings(**api_settings.model_dump(exclude={"cors_origins"})).cors_origins
    assert origins == (named, "http://localhost:5173")
    client = TestClient(create_app(api_settings.model_copy(update={"cors_origins": origins})))

    def asked(origin: str) -> Response:
        wanted = {"Access-Control-Request-Method": "PUT", "Origin": origin}
        return client.options("/api/settings", headers=wanted)

    assert asked(named).headers["Access-Control-Allow-Origin"] == named
    assert "Access-Control-Allow-Credentials" not in asked(named).headers
    assert "Access-Control-Allow-Origin" not in asked("https://evil.example.com").headers
    told = client.get("/api/nothing", headers={"Origin": named})
    assert told.headers["Access-Control-Allow-Origin"] == named
    assert "default-src 'none'" in told.headers["Content-Security-Policy"]


@pytest.mark.parametrize("value", ["*", "example.com", "https://a.example/path", "null"])
def test_an_origin_that_is_none_is_refused(api_settings: Settings, value: str) -> None:
    given = api_settings.model_dump(exclude={"cors_origins"})
    with pytest.raises(ValidationError, match="ARUS_CORS_ORIGINS"):
        Settings(**given, cors_origins=value)


def test_the_request_log_holds_no_secret(anonymous: TestClient) -> None:
    log = io.StringIO()
    configure_logging("DEBUG", log)
    logging.getLogger("arus_api").info("x", extra={"password": "canary-1"})

    anonymous.post(
        "/api/auth/login?token=canary-2",
        json={"email": "a@example.com", "password": "canary-3"},
        headers={"Authorization": "Bearer canary-4"},
    )

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    request = next(line for line in lines if line["event"] == "request")
    assert (request["method"], request["path"], request["status"]) == (
        "POST",
        "/api/auth/login",
        401,
    )
    assert "canary" not in log.getvalue()
