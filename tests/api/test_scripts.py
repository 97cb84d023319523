"""Transform scripts of a pipeline."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_dagster.catalog.repositories import scripts
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source

CLEAN = {
    "name": "clean_orders",
    "description": "Cleans order data",
    "content": (
        "def transform(row):\n"
        "    row['email_domain'] = row['email'].split('@')[1] if row.get('email') else None\n"
        "    return row"
    ),
}


@pytest.fixture
def pipeline_id(app: FastAPI) -> uuid.UUID:
    with app.state.catalog.session() as session:
        return make_pipeline(session, make_source(session), make_destination(session)).id


@pytest.fixture
def path(pipeline_id: uuid.UUID) -> str:
    return f"/api/pipelines/{pipeline_id}/scripts"


@pytest.fixture
def create(editor: TestClient, path: str) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        answer = editor.post(path, json={**CLEAN, **changes})
        assert answer.status_code == 201, answer.json()
        made: dict[str, Any] = answer.json()["data"]
        return made

    return make


def test_a_script_comes_out_as_it_went_in(
    viewer: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    made = create(table="users")

    shown = viewer.get(f"{path}/{made['id']}").json()["data"]

    assert shown == made
    assert {**CLEAN, "table": "users"}.items() <= shown.items()
    assert shown["created_at"].endswith("Z")


def test_scripts_are_listed_in_the_order_in_which_they_apply(
    viewer: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    names = [create(name=name)["name"] for name in ("b", "a", "c")]

    answer = viewer.get(path, params={"limit": 2, "offset": 1}).json()

    assert [script["name"] for script in answer["data"]] == names[1:]
    assert answer["meta"] == {"total": 3, "limit": 2, "offset": 1}


def test_a_script_that_cannot_be_used_is_refused_with_its_line(
    editor: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    made = create()
    cases = [
        ("x = 1\ndef transform(row:\n    return row", "line 2: SyntaxError"),
        ("def change(row):\n    return row", "no function transform(row) is defined"),
        ("def transform():\n    return {}", "line 1: transform must accept exactly one argument"),
        ("import pandas\ndef transform(row):\n    return row", "line 1: ModuleNotFoundError"),
    ]
    for content, reason in cases:
        for answer in (
            editor.post(path, json={**CLEAN, "name": "other", "content": content}),
            editor.put(f"{path}/{made['id']}", json={"content": content}),
        ):
            assert answer.status_code == 422
            error = answer.json()["error"]
            assert error["code"] == "VALIDATION_ERROR"
            assert reason in error["message"]
            assert [field["field"] for field in error["fields"]] == ["content"]
    assert editor.get(f"{path}/{made['id']}").json()["data"]["content"] == CLEAN["content"]


def test_an_update_changes_only_what_is_sent_and_keeps_the_scripts_place(
    app: FastAPI,
    editor: TestClient,
    pipeline_id: uuid.UUID,
    path: str,
    create: Callable[..., dict[str, Any]],
) -> None:
    first, second = create(name="first", table="users"), create(name="second")
    content = "def transform(row):\n    return None"

    answer = editor.put(f"{path}/{first['id']}", json={"content": content, "table": None})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["content"], data["table"]) == ("first", content, None)
    assert data["description"] == CLEAN["description"]
    with app.state.catalog.session() as session:
        stored = [str(script.id) for script in scripts.of_pipeline(session, pipeline_id)]
    assert stored == [first["id"], second["id"]]


def test_a_name_is_taken_within_its_pipeline(
    editor: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    create()
    other = create(name="other")

    assert editor.post(path, json=CLEAN).status_code == 409
    answer = editor.put(f"{path}/{other['id']}", json={"name": CLEAN["name"]})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


def test_a_field_that_is_not_acceptable_is_named(editor: TestClient, path: str) -> None:
    cases: list[tuple[str, object]] = [
        ("name", " "),
        ("content", ""),
        ("content", "x" * 200_001),
        ("content", None),
        ("table", "no such table"),
        ("description", 5),
        ("enabled", True),
    ]
    for field, value in cases:
        answer = editor.post(path, json={**CLEAN, field: value})

        assert answer.status_code == 422
        assert [problem["field"] for problem in answer.json()["error"]["fields"]] == [field]


def test_a_deleted_script_is_gone(
    editor: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    one = f"{path}/{create()['id']}"

    assert editor.delete(one).status_code == 200
    for answer in (editor.get(one), editor.put(one, json={"name": "x"}), editor.delete(one)):
        assert answer.status_code == 404


def test_a_script_is_found_under_its_own_pipeline_alone(
    editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    script_id = create()["id"]
    nowhere = f"/api/pipelines/{uuid.uuid4()}/scripts"

    assert editor.get(f"{nowhere}/{script_id}").status_code == 404
    assert editor.get(nowhere).status_code == 404
    assert editor.post(nowhere, json=CLEAN).status_code == 404


def test_a_viewer_reads_scripts_and_writes_none(
    viewer: TestClient, path: str, create: Callable[..., dict[str, Any]]
) -> None:
    one = f"{path}/{create()['id']}"

    assert viewer.get(one).status_code == 200
    for answer in (
        viewer.post(path, json=CLEAN),
        viewer.put(one, json={"name": "x"}),
        viewer.delete(one),
    ):
        assert answer.status_code == 403
