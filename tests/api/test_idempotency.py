"""``Idempotency-Key`` on POSTs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update

from arus_api.deps import require_role
from arus_dagster.catalog import IdempotencyKey, User
from tests.api.conftest import ClientFor

PATH = "/api/auth/users"
BODY = {
    "email": "new@example.com",
    "name": "New",
    "password": "canary-secret-4417",
    "role": "viewer",
}


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def test_the_same_request_gets_the_first_answer_again(admin: TestClient) -> None:
    first = admin.post(PATH, json=BODY, headers=key("k"))
    second = admin.post(PATH, json=BODY, headers=key("k"))

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert admin.get(PATH).json()["meta"]["total"] == 4


def test_a_refusal_is_an_answer_too(admin: TestClient) -> None:
    taken = {**BODY, "email": "viewer@example.com"}
    first = admin.post(PATH, json=taken, headers=key("k"))
    admin.patch(
        f"{PATH}/{admin.get('/api/auth/me').json()['data']['id']}", json={"name": "Another"}
    )
    second = admin.post(PATH, json=taken, headers=key("k"))

    assert first.status_code == second.status_code == 409
    assert first.json() == second.json()


@pytest.mark.parametrize(
    ("path", "body"), [(PATH, {**BODY, "name": "Else"}), (f"{PATH}?x=1", BODY)]
)
def test_another_request_with_the_key_is_a_conflict(
    admin: TestClient, path: str, body: dict[str, str]
) -> None:
    admin.post(PATH, json=BODY, headers=key("k"))

    answer = admin.post(path, json=body, headers=key("k"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


def test_keys_of_two_users_are_two_keys(
    client_for: ClientFor, app: FastAPI, users: dict[str, User]
) -> None:
    with app.state.catalog.session() as session:
        session.get_one(User, users["editor"].id).role = "admin"
    first = client_for("admin").post(PATH, json=BODY, headers=key("k"))
    second = client_for("editor").post(
        PATH, json={**BODY, "email": "b@example.com"}, headers=key("k")
    )

    assert (first.status_code, second.status_code) == (201, 201)


def test_of_many_at_once_one_is_carried_out(client_for: ClientFor) -> None:
    def send(_: int) -> tuple[int, str | None]:
        answer = client_for("admin").post(PATH, json=BODY, headers=key("k"))
        return answer.status_code, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert set(answers) <= {(201, None), (409, "1")}
    assert (201, None) in answers
    assert client_for("admin").get(PATH).json()["meta"]["total"] == 4


def test_a_request_in_flight_is_a_conflict_to_try_again_after(
    app: FastAPI, client_for: ClientFor
) -> None:
    entered, leave = threading.Event(), threading.Event()
    router = APIRouter(tags=["tests"])

    @router.post("/api/slow", dependencies=[Depends(require_role("viewer"))])
    def slow() -> dict[str, str]:
        entered.set()
        assert leave.wait(30)
        return {"status": "ok"}

    app.include_router(router)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client_for("viewer").post, "/api/slow", headers=key("k"))
        assert entered.wait(30)
        second = client_for("viewer").post("/api/slow", headers=key("k"))
        leave.set()

    assert first.result().status_code == 200
    assert second.status_code == 409
    assert second.headers["Retry-After"] == "1"


def test_a_failure_of_ours_gives_the_key_back(app: FastAPI, client_for: ClientFor) -> None:
    outcomes = iter([RuntimeError("first"), None])
    router = APIRouter(tags=["tests"])

    @router.post("/api/flaky", dependencies=[Depends(require_role("viewer"))])
    def flaky() -> dict[str, str]:
        if error := next(outcomes):
            raise error
        return {"status": "ok"}

    app.include_router(router)
    client = client_for("viewer")

    assert client.post("/api/flaky", headers=key("k")).status_code == 500
    assert client.post("/api/flaky", headers=key("k")).status_code == 200


def test_an_unanswered_key_of_a_dead_process_is_given_back(
    app: FastAPI, admin: TestClient, users: dict[str, User]
) -> None:
    with app.state.catalog.session() as session:
        session.add(
            IdempotencyKey(user_id=users["admin"].id, key="k", fingerprint="of another request")
        )
    assert admin.post(PATH, json=BODY, headers=key("k")).status_code == 409
    with app.state.catalog.session() as session:
        session.execute(
            update(IdempotencyKey).values(created_at=text("now() - interval '16 minutes'"))
        )

    assert admin.post(PATH, json=BODY, headers=key("k")).status_code == 201


def test_the_rights_of_now_decide_who_sees_a_kept_answer(
    app: FastAPI, admin: TestClient, users: dict[str, User]
) -> None:
    admin.post(PATH, json=BODY, headers=key("k"))
    with app.state.catalog.session() as session:
        session.get_one(User, users["admin"].id).role = "viewer"

    assert admin.post(PATH, json=BODY, headers=key("k")).status_code == 403


def test_what_is_stored_holds_no_secret(app: FastAPI, admin: TestClient) -> None:
    admin.post(PATH, json=BODY, headers=key("k"))

    with app.state.catalog.session() as session:
        row = session.scalars(select(IdempotencyKey)).one()
        assert BODY["password"] not in f"{row.fingerprint} {row.response}"


@pytest.mark.parametrize("value", ["", "x" * 256, "é"])
def test_a_key_that_is_no_key_is_refused(admin: TestClient, value: str) -> None:
    answer = admin.post(PATH, json=BODY, headers={"Idempotency-Key": value.encode("latin-1")})

    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["field"] == "Idempotency-Key"


def test_login_keeps_no_answer(app: FastAPI, anonymous: TestClient) -> None:
    body = {"email": "viewer@example.com", "password": "wrong"}
    anonymous.post("/api/auth/login", json=body, headers=key("k"))

    with app.state.catalog.session() as session:
        assert session.scalars(select(IdempotencyKey)).all() == []
